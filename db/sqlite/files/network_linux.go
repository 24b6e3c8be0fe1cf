package files

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// NetworkFileSystem names the network file system that a folder is on, or
// returns "" for a local or unknown one. The numbers are from linux/magic.h and
// the sources of the file systems.
func NetworkFileSystem(dir string) string {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return "" // opening the archive will say why
	}
	return networkName(int64(st.Type), func() string { return mountType(dir) })
}

func networkName(magic int64, mountType func() string) string {
	switch uint32(magic) {
	case 0x6969:
		return "NFS"
	case 0x517b, 0xff534d42, 0xfe534d42:
		return "SMB"
	case 0x01021997:
		return "9P"
	case 0x00c36400:
		return "Ceph"
	case 0x5346414f, 0x6b414653:
		return "AFS"
	case 0x73757245:
		return "Coda"
	case 0x0bd00bd0:
		return "Lustre"
	case 0x65735546: // FUSE: local disks (NTFS, exFAT) come through it as well
		switch kind := mountType(); kind {
		case "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.glusterfs", "fuse.gcsfuse", "fuse.mount-s3", "fuse.juicefs", "fuse.davfs":
			return kind
		}
	}
	return ""
}

// mountType finds the type of the mount that a folder is on, as the kernel
// lists it: the last mount point that is a prefix of the folder.
func mountType(dir string) string {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	table, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return ""
	}
	longest, kind := "", ""
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line) // device, mount point, type, …
		if len(fields) < 3 {
			continue
		}
		point := strings.ReplaceAll(fields[1], `\040`, " ")
		if len(point) >= len(longest) && strings.HasPrefix(absolute+"/", strings.TrimSuffix(point, "/")+"/") {
			longest, kind = point, fields[2]
		}
	}
	return kind
}
