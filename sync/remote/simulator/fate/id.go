package fate

import (
	"encoding/hex"
	"strconv"
)

// AppendID spells a job's id as the dialects were seen to do: "job-" and 22
// characters of base 36, UUIDs (the documented v1 listing has both kinds), or
// Milvus's decimal timestamps, which no float64 can hold.
func (r *Rules) AppendID(b []byte, l *Life) []byte {
	if r.DecimalIDs {
		// Milliseconds and an 18-bit counter, as its allocator makes them.
		return strconv.AppendInt(b, l.Born<<18|int64(l.N&(1<<18-1)), 10)
	}
	d := Roll(r.Seed, ids, l.N)
	high, low := d.PCG.Uint64(), d.PCG.Uint64()
	if r.UUIDs && d.PCG.Uint64()&1 == 0 {
		return appendUUID(b, high, low)
	}
	b = append(b, "job-"...)
	b = appendBase36(b, high)
	return appendBase36(b, low)
}

// appendBase36 spells the lower 56 bits in 11 digits.
func appendBase36(b []byte, x uint64) []byte {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	var text [11]byte
	x &= 1<<56 - 1
	for i := range text {
		text[i] = digits[x%36]
		x /= 36
	}
	return append(b, text[:]...)
}

// appendUUID spells a random UUID (version 4).
func appendUUID(b []byte, high, low uint64) []byte {
	high = high&^0xf000 | 0x4000
	low = low&^(3<<62) | 1<<63
	var raw [16]byte
	for i := range 8 {
		raw[i] = byte(high >> (56 - 8*i))
		raw[8+i] = byte(low >> (56 - 8*i))
	}
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, raw[[...]int{0, 4, 6, 8, 10}[i]:end])
	}
	return b
}
