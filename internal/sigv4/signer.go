package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Signer signs requests to one service in one region. It may be used by many
// goroutines at once.
type Signer struct {
	Service, Region string

	credentials aws.Credentials
	signer      *v4.Signer
}

// New makes a signer.
func New(service, region string, c Credentials) *Signer {
	return &Signer{service, region, aws.Credentials{AccessKeyID: c.KeyID, SecretAccessKey: c.Secret, SessionToken: c.Token}, v4.NewSigner()}
}

// Sign adds the header fields of a signature that is valid from now on, some
// minutes long. Fields that are added later are not part of it.
func (s *Signer) Sign(req *http.Request, bodyHash string, now time.Time) error {
	return s.signer.SignHTTP(req.Context(), s.credentials, req, bodyHash, s.Service, s.Region, now)
}

// Hash is what Sign takes of a body.
func Hash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Secrets are never to appear in a file, though an answer may repeat them.
func (s *Signer) Secrets() []string {
	return []string{s.credentials.SecretAccessKey, s.credentials.SessionToken, s.credentials.AccessKeyID}
}

// Place reads the service and the region out of the name of a host; ok is false for one
// that no model of AWS answers at. Many of AWS's names are load balancers and machines with a
// server of their own behind them, which knows nothing of signatures.
func Place(host string) (service, region string, ok bool) {
	name, found := strings.CutSuffix(host, ".amazonaws.com")
	if !found {
		name, found = strings.CutSuffix(host, ".amazonaws.com.cn")
	}
	if !found {
		name, found = strings.CutSuffix(host, ".api.aws")
	}
	if !found {
		return "", "", false
	}
	isRegion := regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
	for _, label := range strings.Split(name, ".") {
		switch {
		case label == "bedrock-runtime", label == "bedrock-runtime-fips":
			service = "bedrock" // the runtime has its own name, and no own signatures
		case isRegion.MatchString(label):
			region = label
		case label == "sagemaker":
			service = label
		}
	}
	return service, region, service != ""
}
