package files

import (
	"testing"

	_ "importarchive/longtest"
)

func TestNetworkFileSystemsAreKnownByName(t *testing.T) {
	for _, c := range []struct {
		magic int64
		mount string // the type that the mount table has, where it is asked
		want  string
	}{
		{0x6969, "", "NFS"},
		{0xff534d42, "", "SMB"},
		{-11317950, "", "SMB"}, // the same number where the field has 32 signed bits
		{0xfe534d42, "", "SMB"},
		{0x517b, "", "SMB"},
		{0x01021997, "", "9P"},
		{0x00c36400, "", "Ceph"},
		{0x5346414f, "", "AFS"},
		{0x73757245, "", "Coda"},
		{0x0bd00bd0, "", "Lustre"},
		{0x65735546, "fuse.sshfs", "fuse.sshfs"},
		{0x65735546, "fuse.s3fs", "fuse.s3fs"},
		{0x65735546, "fuseblk", ""},       // NTFS on a local disk
		{0x65735546, "fuse.mergerfs", ""}, // local disks as one
		{0xef53, "", ""},                  // ext4
		{0x58465342, "", ""},              // XFS
		{0x9123683e, "", ""},              // Btrfs
		{0x01021994, "", ""},              // tmpfs
		{0x794c7630, "", ""},              // overlayfs, in containers
		{0x2fc12fc1, "", ""},              // ZFS
	} {
		asked := false
		got := networkName(c.magic, func() string { asked = true; return c.mount })
		if got != c.want || asked != (c.mount != "") {
			t.Errorf("%#x (%s) is %q, want %q", uint32(c.magic), c.mount, got, c.want)
		}
	}
}

func TestThisFolderIsOnADiskOfItsOwn(t *testing.T) {
	if name := NetworkFileSystem(t.TempDir()); name != "" {
		t.Skip("the temporary folder is on ", name)
	}
	if kind := mountType("/proc"); kind != "proc" {
		t.Errorf("/proc is mounted as %q", kind)
	}
}
