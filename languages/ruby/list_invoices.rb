# frozen_string_literal: true

# Prints every invoice of an account: id, amount, due date in UTC.

require 'openapi_client'

REFUSED_KEYS = 'ApiC.Models.authorization_credentials'

def key(name)
  value = ENV.fetch(name)
  # Net::HTTP's error would contain a key that is not a valid header value.
  value.match?(/\A[!-~]+\z/) ? value : raise("#{name} is not a valid key")
end

def utc(due)
  due.nil? ? 'null' : due.getutc.strftime('%Y-%m-%dT%H:%M:%S.%6NZ')
end

def list_invoices
  OpenapiClient.configure do |config|
    config.scheme, config.host = ENV.fetch('FINERWORKS_BASE_URL').split('://', 2)
    config.api_key = %w[web_api_key app_key].to_h { |name| [name, key("FINERWORKS_#{name.upcase}")] }
    # Listing only reads, so a failed request is retried even though it is a POST.
    # Faraday 1 includes this middleware. With Faraday 2, also require 'faraday/retry'.
    config.request :retry, max: 2, interval: 0.5, backoff_factor: 2, max_interval: 60,
                           methods: [:post], retry_statuses: [429, 500, 502, 503, 504]
  end
  api = OpenapiClient::InvoicesApi.new
  request = OpenapiClient::InvoiceListRequest.new(per_page: 25, account_key: ENV['FINERWORKS_ACCOUNT_KEY'])
  listed = 0
  1.step do |page|
    request.page_number = page
    answer = api.list_invoices(request)
    raise answer.status.message || 'the request was rejected' unless answer.status.success
    # A missing list looks like an empty one.
    raise "page #{page}: only #{listed} invoices were listed" if answer.invoices.to_a.empty? && listed < answer.total_count.to_i
    break $stdout.flush if answer.invoices.to_a.empty?

    listed += answer.invoices.size
    answer.invoices.each do |invoice|
      # To two decimals, a float is exact. Add amounts up as cents: (amount * 100).round.
      puts format('%s %.2f %s', invoice.invoice_id, invoice.amount_due, utc(invoice.due_date))
    end
  end
end

# Returns the server's JSON object, or an empty hash if the body is something else, such as a proxy's page.
def told_by(error)
  body = JSON.parse(error.response_body.to_s)
  body.is_a?(Hash) ? body : {}
rescue JSON::ParserError
  {}
end

begin
  list_invoices
rescue OpenapiClient::ApiError => e
  told = told_by(e)
  state = told['ModelState'] || {}
  warn state.values.flatten.first || told['Message'] || told['message'] || (e.code ? "HTTP #{e.code}" : e.message)
  exit state.key?(REFUSED_KEYS) ? 3 : 1
rescue JSON::ParserError
  abort 'The response is damaged: it is not JSON.' # the error's own message would contain the response
rescue StandardError => e
  abort e.message.lines.first
end
