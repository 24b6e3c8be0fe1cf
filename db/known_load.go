package db

// What a store calls to load what is known of a cluster.

// Variant numbers the state, the list's word for it and the collection of a job
// without progress, reason and extra. Load takes the number.
func (k *Known) Variant(j *Job) uint32 { return k.variants.number(k.variants.variant(j)) }

// Load adds a stored job under its number. Numbers grow, and those between are
// left out.
func (k *Known) Load(seq uint32, id string, variant uint32) KnownJob {
	k.leaveOutBefore(seq)
	e := k.Add(id)
	e.setVariant(variant)
	return e
}

// At gives the job with this number, which must have been loaded.
func (k *Known) At(seq uint32) KnownJob { return KnownJob{k, seq} }

// Loaded ends loading: a new job gets this number, and the memory is tidy.
func (k *Known) Loaded(next uint32) {
	k.leaveOutBefore(next)
	k.noteTidy()
}

// leaveOutBefore makes this the next number.
func (k *Known) leaveOutBefore(seq uint32) {
	for k.ids.length < int(seq)-1 {
		k.leaveOut()
	}
}
