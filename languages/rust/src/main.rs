//! Prints every invoice of an account: id, amount, due date in UTC.

use std::{env, error::Error, process::exit, thread, time::Duration};

use openapi::apis::invoices_api::{ListInvoicesError, list_invoices};
use openapi::apis::{Error as ApiError, configuration::Configuration};
use openapi::models::{InvoiceList, InvoiceListRequest};
use reqwest::{blocking::Client, header::HeaderMap, redirect::Policy};

const REFUSED_KEYS: &str = "ApiC.Models.authorization_credentials";

/// Requests a page. This only reads, so a failed request is retried, with at most three attempts.
fn ask(api: &Configuration, page: i32) -> Result<InvoiceList, ApiError<ListInvoicesError>> {
    let (per_page, account) = (Some(25), env::var("FINERWORKS_ACCOUNT_KEY").ok());
    for attempt in 1.. {
        let request = InvoiceListRequest { per_page, page_number: Some(page), account_key: account.clone().map(Some) };
        match list_invoices(api, request) {
            Err(ApiError::ResponseError(answer))
                if attempt < 3 && matches!(answer.status.as_u16(), 429 | 500 | 502 | 503 | 504) =>
            {
                thread::sleep(Duration::from_secs(1));
            }
            result => return result,
        }
    }
    unreachable!()
}

fn list() -> Result<(), Box<dyn Error>> {
    // Not in Configuration's api_key: it holds one key, which would be sent as both.
    let mut keys = HeaderMap::new();
    keys.insert("web_api_key", env::var("FINERWORKS_WEB_API_KEY")?.parse()?);
    keys.insert("app_key", env::var("FINERWORKS_APP_KEY")?.parse()?);
    // Do not follow redirects: they would send the keys to another host.
    let client = Client::builder().default_headers(keys).redirect(Policy::none()).build()?;
    let api = Configuration { base_path: env::var("FINERWORKS_BASE_URL")?, client, ..Configuration::default() };
    for page in 1.. {
        let answer = ask(&api, page)?;
        if !answer.status.success {
            return Err(format!("page {page}: {}", answer.status.message.flatten().unwrap_or_default()).into());
        }
        let invoices = answer.invoices.unwrap_or_default();
        if invoices.is_empty() {
            break;
        }
        for invoice in invoices {
            let utc = |due: chrono::DateTime<_>| due.to_utc().format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
            let due = invoice.due_date.map_or("null".into(), utc);
            println!("{} {:.2} {due}", invoice.invoice_id, invoice.amount_due);
        }
    }
    Ok(())
}

fn main() {
    let Err(error) = list() else { return };
    let (mut message, mut status) = (error.to_string(), 1);
    if let Some(ApiError::<ListInvoicesError>::ResponseError(answer)) = error.downcast_ref() {
        message = format!("{}: {}", answer.status, answer.content);
        if let Some(ListInvoicesError::Status400(told)) = &answer.entity
            && let Some(refused) = told.model_state.as_ref().and_then(|parts| parts.get(REFUSED_KEYS))
        {
            (message, status) = (refused.join(" "), 3);
        }
    }
    eprintln!("{}", message.replace(['\r', '\n'], " "));
    exit(status);
}
