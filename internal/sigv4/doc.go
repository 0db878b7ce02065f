// Package sigv4 signs requests to AWS, by the signer of AWS's SDK, with
// credentials from the environment or the files of AWS's tools.
//
// Note: the SDK's own search for credentials knows roles and single sign-on, too, for
// 4.8 MB and twelve modules. `aws configure export-credentials --format env`
// puts any of them into the environment.
package sigv4
