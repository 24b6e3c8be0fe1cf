# A static program and the certificates that it needs, and nothing else:
#   docker build -t importarchive .
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /out/importarchive . && mkdir /out/data /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/importarchive /usr/bin/importarchive
# A volume takes its first owner from here. Exports are written beside their
# names, and SQLite sorts what is large in /tmp.
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/tmp /tmp

# By number, because there is no file of users here, and so that Kubernetes can
# see that it is not root.
USER 65532:65532
ENV IMPORTARCHIVE_CONFIG=/etc/importarchive/config.toml
# Where archive.path of the example settings, a relative one, ends up.
WORKDIR /data
VOLUME /data

# There is no shell and no curl, so the program checks itself. This needs serve.listen.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["/usr/bin/importarchive", "status", "--live"]
ENTRYPOINT ["/usr/bin/importarchive"]
CMD ["run"]
