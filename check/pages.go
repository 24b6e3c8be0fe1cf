package check

import "context"

// pages reads the secrets of [serve]. Without one that can be read, the service refuses
// each request for a page.
func pages(_ context.Context, env *Env) []Finding {
	var all []Finding
	for _, get := range []func() (string, error){env.Config.Serve.Token, env.Config.Serve.Password} {
		if get == nil {
			continue
		}
		if _, err := get(); err != nil {
			all = append(all, problem("pages", "put the token or the password there, readable for the user of the service", "%v", err))
		}
	}
	return all
}
