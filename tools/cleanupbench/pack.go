package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// packing is what was measured of one kind of threads.
type packing struct {
	ours   usage
	stream usage // gzip -6 on one core, all threads as one stream, nothing written
	files  usage // gzip -6 --synchronous, file by file, as many at once as there are cores
	size   int64 // of the threads
	packed int64 // of what we made of them
	gzip   int64 // of what gzip made of them
}

// compressing compares the compression of threads with gzip(1) twice: with the
// plain throughput of one core, which neither opens a file for each thread nor
// writes or syncs anything, times the cores; and with gzip doing the same work,
// a file at a time, synced before the original goes. Ours reads back and
// compares besides.
func (b *bench) compressing() error {
	fmt.Println("\n| Compression | Ours | gzip -6, one core, one stream | Ours / (cores × gzip) | gzip -6, file by file, synced, all cores " +
		"| Ours / that | Size: ours, gzip | CPU ours, gzip | Peak memory |")
	fmt.Println("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
	for _, kind := range []corpus{prose{}, code{}} {
		p, err := b.packKind(kind)
		if err != nil {
			return err
		}
		speed := func(u usage) float64 { return float64(p.size) / 1e6 / u.time.Seconds() }
		share := speed(p.ours) / speed(p.stream) / float64(runtime.NumCPU())
		fmt.Printf("| %d threads of %s, %.0f MB | %.0f MB/s | %.0f MB/s | %.2f | %.0f MB/s | %.2f | %.3f, %.3f | %s, %s | %.0f MB |\n",
			b.sizes.pack, kind.name(), float64(p.size)/1e6, speed(p.ours), speed(p.stream), share, speed(p.files), speed(p.ours)/speed(p.files),
			float64(p.packed)/float64(p.size), float64(p.gzip)/float64(p.size), ms(p.ours.cpu), ms(p.stream.cpu), p.ours.megabytes())
		b.goal(share >= 0.8, fmt.Sprintf("Compression of %s, ours / (%d × `gzip -6`)", kind.name(), runtime.NumCPU()), "at least 0.8",
			"%.2f", share)
		b.goal(p.ours.memory <= maxMemory, "Peak memory, compression of "+kind.name(), "96 MB", "%.0f MB", p.ours.megabytes())
	}
	return nil
}

// packAttempts is fewer than for scans, since each needs trees of its own.
const packAttempts = 3

// packKind makes a tree for each attempt and each program, so that all start
// from the same state.
func (b *bench) packKind(kind corpus) (packing, error) {
	var p packing
	for attempt := range packAttempts {
		root := filepath.Join(b.dir, fmt.Sprintf("pack-%s-%d", kind.name(), attempt))
		for _, dir := range []string{root + "-ours", root + "-gzip"} {
			var err error
			if p.size, err = plantIdle(dir, b.sizes.pack, kind); err != nil {
				return p, err
			}
		}
		if err := b.packOnce(&p, root); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (b *bench) packOnce(p *packing, root string) error {
	stream, err := b.command("sh", "-c", `find "$0" -name '*.json' -exec cat {} + | gzip -6 > /dev/null`, root+"-gzip")
	if err != nil {
		return err
	}
	files, err := b.command("sh", "-c", `find "$0" -name '*.json' -print0 | xargs -0 -P "$1" -n 50 gzip -6 --synchronous`,
		root+"-gzip", strconv.Itoa(runtime.NumCPU()))
	if err != nil {
		return err
	}
	ours, err := b.command(b.program, "-root", root+"-ours", "-delete-after", "87600h", "-settle", "0s", "-json")
	if err != nil {
		return err
	}
	p.stream.best(stream)
	p.files.best(files)
	p.ours.best(ours)
	if p.packed, err = b.packedSize(root + "-ours"); err != nil {
		return err
	}
	p.gzip, err = b.packedSize(root + "-gzip")
	return err
}

// packedSize adds the packed threads up, which must be all that is there.
func (b *bench) packedSize(root string) (int64, error) {
	var size int64
	count := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.Contains(path, ".json") {
			return err
		}
		if !strings.HasSuffix(path, ".json.gz") {
			return fmt.Errorf("%s is left", path)
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		count++
		size += info.Size()
		return nil
	})
	if err == nil && count != b.sizes.pack {
		err = fmt.Errorf("%s has %d packed threads: expected %d", root, count, b.sizes.pack)
	}
	return size, err
}
