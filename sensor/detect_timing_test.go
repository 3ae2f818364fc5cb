package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"auscult/pipeline/sink/kafkatest"
)

var (
	scaleCapture = flag.String("scale-capture", filepath.Join("..", "pcaps", "ward-day", "traffic.pcap"), "capture that each site of BenchmarkMembers publishes")
	scaleSites   = flag.Int("scale-sites", 8, "sites of BenchmarkMembers")
)

// BenchmarkMembers is how fast 1, 2 and 4 members judge what is in the topic already, from their start to their end, and
// what a call costs whoever publishes it and whoever judges it. Members of one machine share its cores.
//
//	go test ./sensor -run XX -bench Members -benchtime 1x -scale-capture FILE
func BenchmarkMembers(b *testing.B) {
	broker := kafkatest.Start(b)
	dir := b.TempDir()
	common := []string{"AUSCULT_KAFKA_BROKERS=" + broker.Addr, "AUSCULT_KAFKA_CREATE_TOPICS=true", "AUSCULT_KAFKA_TOPIC=alerts",
		"AUSCULT_PSEUDONYM_KEY_FILE=" + filepath.Join(dir, "key"), fmt.Sprint("AUSCULT_CLUSTER_PARTITIONS=", *scaleSites)}
	published := time.Duration(0)
	calls, size := 0, uint64(0)
	for i := range *scaleSites {
		folder := filepath.Join(dir, fmt.Sprint("case-", i))
		cmd, said := process(b.Context(), append(slices.Clone(common), fmt.Sprint("AUSCULT_SITE_TENANT=site-", i),
			fmt.Sprint("AUSCULT_CLUSTER_PARTITION=", i)), "replay", "--no-progress", "--no-input-hash", "-l", folder, "--workers", "1", "--publish-calls", *scaleCapture)
		if err := cmd.Run(); err != nil {
			b.Fatalf("%v: %s", err, said)
		}
		published += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		var stats struct{ Published publication }
		if err := json.Unmarshal([]byte(contents(b, filepath.Join(folder, statsFile))), &stats); err != nil {
			b.Fatal(err)
		}
		calls += int(stats.Published.Calls)
		size += stats.Published.Bytes
	}
	b.Logf("%d calls were published, %.0f bytes each", calls, float64(size)/float64(calls))
	b.Logf("publishing took %.2f µs of CPU a call, with reading the packets", float64(published.Microseconds())/float64(calls))
	for _, members := range []int{1, 2, 4} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			cpu := time.Duration(0)
			var mu sync.Mutex
			for i := range b.N {
				state := fmt.Sprintf("state-%d-%d-%d", members, b.N, i)
				var running sync.WaitGroup
				for m := range members {
					running.Go(func() {
						environ := append(slices.Clone(common), "AUSCULT_CLUSTER_GROUP="+state, "AUSCULT_CLUSTER_STATE_TOPIC="+state,
							fmt.Sprintf("AUSCULT_OUTBOX_DIR=%s-%s-%d", filepath.Join(dir, "outbox"), state, m))
						cmd, said := process(context.Background(), environ, "detect", "--until-end", "--no-progress")
						cmd.Env = append(cmd.Env, "GOMAXPROCS=1")
						if err := cmd.Run(); err != nil {
							b.Errorf("%v: %s", err, said)
							return
						}
						mu.Lock()
						defer mu.Unlock()
						cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
					})
				}
				running.Wait()
			}
			n := float64(b.N * calls)
			b.ReportMetric(n/b.Elapsed().Seconds(), "calls/s")
			b.ReportMetric(float64(cpu.Microseconds())/n, "cpu-µs/call")
		})
	}
}
