# docker build -t auscult .
# docker run --rm -v auscult:/state -v "$PWD:/data:ro" auscult replay /data/traffic.pcap
# Live, on the host's interfaces; it gives up root and all capabilities once they are open:
# docker run --rm --network host --user 0 --cap-drop ALL --cap-add NET_RAW --cap-add SETUID --cap-add SETGID --cap-add DAC_OVERRIDE \
#   -v auscult:/state auscult live -i eth2 --user 65532:65532
# The volume keeps the key of the pseudonyms, so that the next run uses the same names.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /auscult ./sensor && mkdir -m 0700 /state

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /state /state
COPY --from=build /auscult /auscult
COPY LICENSE /LICENSE
ENV AUSCULT_PSEUDONYM_KEY_FILE=/state/pseudonym.key
VOLUME /state
USER 65532:65532
ENTRYPOINT ["/auscult"]
