// A contact's subscriptions with Go's net/http: `go run subscriptions.go`.
// Needs SAYSO_URL and SAYSO_TOKEN in the environment.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

type SubscriptionType struct {
	ID          string `json:"id"`
	State       string `json:"state"`
	ConsentType string `json:"consent_type"`
}

type SubscriptionTypes struct {
	Data []SubscriptionType `json:"data"`
}

type Contact struct {
	ID   string `json:"id"`
	Role string `json:"role"`
}

type Errors struct {
	Errors []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
}

var url, token = os.Getenv("SAYSO_URL"), os.Getenv("SAYSO_TOKEN")

// call puts the body of the answer, which must have that status, into answer.
func call(method, path string, body any, status int, answer any) {
	var sent bytes.Buffer
	if body != nil {
		check(json.NewEncoder(&sent).Encode(body))
	}
	request, err := http.NewRequest(method, url+path, &sent)
	check(err)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	check(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	check(err)
	if response.StatusCode != status {
		log.Fatalf("%s %s: expected %d, got %d %s", method, path, status, response.StatusCode, text)
	}
	check(json.Unmarshal(text, answer))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func live(types SubscriptionTypes, consentType string) string {
	for _, one := range types.Data {
		if one.State == "live" && one.ConsentType == consentType {
			return one.ID
		}
	}
	log.Fatalf("no live %s type", consentType)
	return ""
}

func attached(subscriptions, wanted string) string {
	var types SubscriptionTypes
	call("GET", subscriptions, nil, 200, &types)
	ids := []string{}
	for _, one := range types.Data {
		ids = append(ids, one.ID)
	}
	got := strings.Join(ids, " ")
	if got != wanted {
		log.Fatalf("expected %s, got %s", wanted, got)
	}
	return got
}

func main() {
	var types SubscriptionTypes
	call("GET", "/subscription_types", nil, 200, &types)
	optIn, optOut := live(types, "opt_in"), live(types, "opt_out")
	fmt.Println("types:", len(types.Data))

	var contact Contact
	email := fmt.Sprintf("go-%d@example.com", time.Now().UnixNano())
	call("POST", "/contacts", map[string]string{"email": email}, 200, &contact)
	subscriptions := "/contacts/" + contact.ID + "/subscriptions"
	fmt.Println("created:", contact.Role)

	// Attaching an opt_in type opts the contact in; attaching an opt_out type opts the contact out.
	var one SubscriptionType
	call("POST", subscriptions, map[string]string{"id": optIn, "consent_type": "opt_in"}, 200, &one)
	call("POST", subscriptions, map[string]string{"id": optOut, "consent_type": "opt_out"}, 200, &one)
	fmt.Println("attached:", attached(subscriptions, optIn+" "+optOut))

	call("DELETE", subscriptions+"/"+optIn, nil, 200, &one)
	fmt.Println("detached:", one.ID)
	fmt.Println("attached:", attached(subscriptions, optOut))

	var failed Errors
	call("GET", "/contacts/000000000000000000000000/subscriptions", nil, 404, &failed)
	fmt.Println("not found:", failed.Errors[0].Code, failed.Errors[0].Message)
	token = "wrong-token"
	call("GET", "/subscription_types", nil, 401, &failed)
	fmt.Println("unauthorized:", failed.Errors[0].Code, failed.Errors[0].Message)
}
