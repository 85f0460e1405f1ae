// Go's net/http with default options: HTTP/2 over TLS, otherwise HTTP/1.1. It trusts every
// certificate. See foreign/java/Ask.java for its input and output.
//
//	ask URL
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	client := &http.Client{Timeout: 20 * time.Second, Transport: transport}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		parts := strings.Split(lines.Text(), "\t")
		body, err := base64.StdEncoding.DecodeString(parts[3])
		check(err)
		request, err := http.NewRequest(parts[0], os.Args[1]+parts[1], bytes.NewReader(body))
		check(err)
		for _, header := range strings.Split(parts[2], "|") {
			if name, value, found := strings.Cut(header, ": "); found {
				request.Header.Set(name, value)
			}
		}
		response, err := client.Do(request)
		check(err)
		answer, err := io.ReadAll(response.Body)
		check(err)
		response.Body.Close()
		version := strings.TrimSuffix(strings.TrimPrefix(response.Proto, "HTTP/"), ".0")
		fmt.Printf("%d\t%s\t%s\t%s\n", response.StatusCode, version, response.Header.Get("Allow"), base64.StdEncoding.EncodeToString(answer))
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
