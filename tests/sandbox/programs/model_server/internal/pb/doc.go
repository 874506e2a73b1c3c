// Package pb holds the messages and services of TensorFlow Serving's API, generated from proto/ by proto/generate.sh.
package pb
