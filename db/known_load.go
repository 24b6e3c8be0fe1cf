package db

// The methods with which a store loads a Known.

// Variant returns the number of the variant with this job's state, its listed word
// and its collection, without quiet fields. Load takes the number.
func (k *Known) Variant(j *Job) uint32 { return k.variants.number(k.variants.variant(j)) }

// Load adds a stored job under its number. Numbers grow; a number between two loaded
// jobs has no job.
func (k *Known) Load(seq uint32, id string, variant uint32) KnownJob {
	k.leaveOutBefore(seq)
	e := k.Add(id)
	e.setVariant(variant)
	return e
}

// At returns the job with this number, which must have been loaded.
func (k *Known) At(seq uint32) KnownJob { return KnownJob{k, seq} }

// Loaded ends loading. next is the number of the next new job.
func (k *Known) Loaded(next uint32) {
	k.leaveOutBefore(next)
	k.noteTidy()
}

// leaveOutBefore adds empty places until seq is the next number.
func (k *Known) leaveOutBefore(seq uint32) {
	for k.ids.length < int(seq)-1 {
		k.leaveOut()
	}
}
