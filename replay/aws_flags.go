package replay

import (
	"cmp"
	"net/url"

	"github.com/urfave/cli/v2"

	"metron/internal/sigv4"
	"metron/internal/term"
)

// readAWS finds out which targets take signatures: those with the name of one of AWS's
// services, or all where a flag says so. A key is sent as it is.
func (r *Runner) readAWS(c *cli.Context) error {
	asked := c.IsSet("aws-region") || c.IsSet("aws-service")
	if asked && r.Key != "" {
		return term.WithHint(term.Usagef("--aws-region and --aws-service are of signatures, which take no API key"), "give one or the other")
	}
	for _, target := range r.Targets {
		service, region, known := sigv4.Place(target.Hostname())
		if r.Key != "" || !known && !asked {
			continue
		}
		service, region = cmp.Or(c.String("aws-service"), service), cmp.Or(c.String("aws-region"), region)
		if err := r.signFor(target, service, region); err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) signFor(target *url.URL, service, region string) (err error) {
	process := sigv4.Process()
	if region == "" {
		if region, err = process.Region(); err != nil {
			return err
		}
	}
	switch {
	case service == "":
		return term.WithHint(term.Usagef("the name of %s tells no service of AWS", target.Host), "--aws-service bedrock")
	case region == "":
		return term.WithHint(term.Usagef("the name of %s tells no region of AWS, nor do AWS's settings", target.Host), "--aws-region us-east-1")
	}
	credentials, err := process.Credentials()
	if err != nil {
		return term.WithHint(err, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: `aws configure export-credentials --format env` prints them for any profile; --api-key-env sends a Bedrock API key")
	}
	if r.AWS == nil {
		r.AWS = map[*url.URL]*sigv4.Signer{}
	}
	r.AWS[target] = sigv4.New(service, region, credentials)
	return nil
}

// signedFor says which services and regions requests are signed for, a target each.
func (r *Runner) signedFor() (list []string) {
	for _, target := range r.Targets {
		if s := r.AWS[target]; s != nil {
			list = append(list, s.Service+" "+s.Region)
		}
	}
	return list
}
