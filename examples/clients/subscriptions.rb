# A contact's subscriptions with Ruby's net/http. Needs SAYSO_URL and SAYSO_TOKEN in the environment.

require "json"
require "net/http"

URL = ENV.fetch("SAYSO_URL")
TOKEN = ENV.fetch("SAYSO_TOKEN")

# The body of the answer, which must have that status.
def call(method, path, body: nil, status: 200, token: TOKEN)
  uri = URI(URL + path)
  request = Net::HTTP.const_get(method.capitalize).new(uri)
  request["Authorization"] = "Bearer #{token}"
  request["Content-Type"] = "application/json"
  request.body = JSON.generate(body) if body
  answer = Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == "https") { |http| http.request(request) }
  abort "#{method} #{path}: expected #{status}, got #{answer.code} #{answer.body}" unless answer.code.to_i == status
  JSON.parse(answer.body)
end

def ids(types) = types["data"].map { |type| type["id"] }

def expect(wanted, got)
  abort "expected #{wanted}, got #{got}" unless wanted == got
end

types = call("GET", "/subscription_types")
live = types["data"].select { |type| type["state"] == "live" }
opt_in = live.find { |type| type["consent_type"] == "opt_in" }["id"]
opt_out = live.find { |type| type["consent_type"] == "opt_out" }["id"]
puts "types: #{types["data"].length}"

contact = call("POST", "/contacts", body: { email: "ruby-#{Time.now.to_i}-#{Process.pid}@example.com" })
subscriptions = "/contacts/#{contact["id"]}/subscriptions"
puts "created: #{contact["role"]}"

# Attaching an opt_in type opts the contact in; attaching an opt_out type opts the contact out.
call("POST", subscriptions, body: { id: opt_in, consent_type: "opt_in" })
call("POST", subscriptions, body: { id: opt_out, consent_type: "opt_out" })
attached = ids(call("GET", subscriptions))
expect([opt_in, opt_out], attached)
puts "attached: #{attached.join(" ")}"

detached = call("DELETE", "#{subscriptions}/#{opt_in}")
attached = ids(call("GET", subscriptions))
expect([opt_out], attached)
puts "detached: #{detached["id"]}"
puts "attached: #{attached.join(" ")}"

error = call("GET", "/contacts/000000000000000000000000/subscriptions", status: 404)["errors"].first
puts "not found: #{error["code"]} #{error["message"]}"
error = call("GET", "/subscription_types", status: 401, token: "wrong-token")["errors"].first
puts "unauthorized: #{error["code"]} #{error["message"]}"
