// Importarchive remembers every bulk-import job of Zilliz Cloud and Milvus
// clusters, after the service itself has forgotten it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"importarchive/cli"
)

func main() {
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals // the first asks for a clean stop, the second doesn't wait for it
		stop()
		if s, ok := (<-signals).(syscall.Signal); ok {
			os.Exit(128 + int(s))
		}
	}()
	os.Exit(cli.Main(ctx, cli.System()))
}
