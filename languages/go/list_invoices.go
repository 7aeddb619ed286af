// List_invoices prints every invoice of an account: id, amount, due date in UTC.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	finerworks "listinvoices/build/client"
)

func main() {
	config := finerworks.NewConfiguration()
	config.Servers = finerworks.ServerConfigurations{{URL: os.Getenv("FINERWORKS_BASE_URL")}}
	// Do not follow redirects: they would send the keys to another host.
	config.HTTPClient = &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	api := finerworks.NewAPIClient(config).InvoicesAPI
	ctx := context.WithValue(context.Background(), finerworks.ContextAPIKeys, map[string]finerworks.APIKey{
		"web_api_key": {Key: os.Getenv("FINERWORKS_WEB_API_KEY")},
		"app_key":     {Key: os.Getenv("FINERWORKS_APP_KEY")},
	})
	request := finerworks.InvoiceListRequest{PerPage: finerworks.PtrInt32(25)}
	if account, ok := os.LookupEnv("FINERWORKS_ACCOUNT_KEY"); ok {
		request.SetAccountKey(account)
	}
	for page := int32(1); ; page++ {
		request.SetPageNumber(page)
		list, err := ask(api.ListInvoices(ctx).InvoiceListRequest(request))
		if err != nil {
			fail(page, err)
		}
		if status := list.GetStatus(); !status.Success {
			fail(page, fmt.Errorf("the request was rejected: %s", status.GetMessage()))
		}
		if len(list.Invoices) == 0 {
			return
		}
		for _, invoice := range list.Invoices {
			due := "null"
			if date := invoice.DueDate.Get(); date != nil {
				due = date.UTC().Format("2006-01-02T15:04:05.000000Z")
			}
			if _, err := fmt.Println(invoice.InvoiceId, invoice.AmountDue.StringFixed(2), due); err != nil {
				fail(page, err)
			}
		}
	}
}

// ask requests one page. Listing only reads, so a failed request is retried even though it is a POST.
func ask(request finerworks.ApiListInvoicesRequest) (*finerworks.InvoiceList, error) {
	for attempt := 1; ; attempt++ {
		list, answer, err := request.Execute()
		if answer == nil || attempt == 3 || !slices.Contains([]int{429, 500, 502, 503, 504}, answer.StatusCode) {
			return list, err
		}
		time.Sleep(time.Second)
	}
}

// fail prints the error in one line, with the server's message if there is one, and ends the program.
func fail(page int32, err error) {
	if apiError, ok := errors.AsType[*finerworks.GenericOpenAPIError](err); ok {
		badRequest, _ := apiError.Model().(finerworks.BadRequest)
		if told := badRequest.GetModelState()["ApiC.Models.authorization_credentials"]; told != nil {
			fmt.Fprintln(os.Stderr, strings.Join(told, " "))
			os.Exit(3)
		}
		err = fmt.Errorf("%w: %.300s", err, strings.Join(strings.Fields(string(apiError.Body())), " "))
	}
	fmt.Fprintf(os.Stderr, "page %d: %v\n", page, err)
	os.Exit(1)
}
