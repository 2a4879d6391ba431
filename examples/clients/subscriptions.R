# A contact's subscriptions with R, httr and jsonlite. Needs SAYSO_URL and SAYSO_TOKEN in the environment.

library(httr)
library(jsonlite)

url <- Sys.getenv("SAYSO_URL")
token <- Sys.getenv("SAYSO_TOKEN")

# The body of the answer, which must have that status.
ask <- function(method, path, body = NULL, status = 200, bearer = token) {
  answer <- VERB(
    method, paste0(url, path),
    add_headers(Authorization = paste("Bearer", bearer)),
    body = body, encode = "json"
  )
  text <- content(answer, as = "text", encoding = "UTF-8")
  if (status_code(answer) != status) {
    stop(sprintf("%s %s: expected %d, got %d %s", method, path, status, status_code(answer), text))
  }
  fromJSON(text, simplifyVector = FALSE)
}

ids <- function(types) vapply(types$data, function(type) type$id, "")

say <- function(...) cat(..., "\n", sep = "")

types <- ask("GET", "/subscription_types")
live <- Filter(function(type) type$state == "live", types$data)
opt_in <- Find(function(type) type$consent_type == "opt_in", live)$id
opt_out <- Find(function(type) type$consent_type == "opt_out", live)$id
say("types: ", length(types$data))

email <- sprintf("r-%.0f-%d@example.com", as.numeric(Sys.time()), Sys.getpid())
contact <- ask("POST", "/contacts", list(email = email))
subscriptions <- sprintf("/contacts/%s/subscriptions", contact$id)
say("created: ", contact$role)

# Attaching an opt_in type opts the contact in; attaching an opt_out type opts the contact out.
invisible(ask("POST", subscriptions, list(id = opt_in, consent_type = "opt_in")))
invisible(ask("POST", subscriptions, list(id = opt_out, consent_type = "opt_out")))
attached <- ids(ask("GET", subscriptions))
stopifnot(identical(attached, c(opt_in, opt_out)))
say("attached: ", paste(attached, collapse = " "))

detached <- ask("DELETE", paste0(subscriptions, "/", opt_in))
attached <- ids(ask("GET", subscriptions))
stopifnot(identical(attached, opt_out))
say("detached: ", detached$id)
say("attached: ", paste(attached, collapse = " "))

error <- ask("GET", "/contacts/000000000000000000000000/subscriptions", status = 404)$errors[[1]]
say("not found: ", error$code, " ", error$message)
error <- ask("GET", "/subscription_types", status = 401, bearer = "wrong-token")$errors[[1]]
say("unauthorized: ", error$code, " ", error$message)
