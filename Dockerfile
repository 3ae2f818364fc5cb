# Built from the checkout: docker build -t auscult .
# Run as:  docker run --rm -v "$PWD:/data:ro" auscult replay /data/traffic.pcap
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /auscult ./sensor

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /auscult /auscult
COPY LICENSE /LICENSE
USER 65532:65532
ENTRYPOINT ["/auscult"]
