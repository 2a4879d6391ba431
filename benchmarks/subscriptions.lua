-- What wrk asks for: `GET` a random contact's subscriptions, or `POST` a choice that the contact has not made.
--
-- Arguments: method, file with the contacts' ids, start, stride, number of types, types chosen to begin with.
-- Contact i (from 0) begins with the types i, i+1, .. (modulo their number, from 1; odd ones are opt_in). POST
-- visits all other pairs of contact and type in steps of `stride`, coprime to their number: no pair comes twice.

local ids, bodies, between = {}, {}, ""
local start, stride, types, chosen

local function head()
  local lines = {}
  wrk.headers["Host"] = wrk.headers["Host"] or wrk.host .. ":" .. wrk.port
  for name, value in pairs(wrk.headers) do
    lines[#lines + 1] = name .. ": " .. value .. "\r\n"
  end
  return table.concat(lines)
end

local function get()
  return "GET /contacts/" .. ids[math.random(#ids)] .. between
end

local function post()
  local pair = (start * stride) % (#ids * (types - chosen))
  start = start + 1
  local contact = pair % #ids
  local type_id = (contact + chosen + math.floor(pair / #ids)) % types + 1
  return "POST /contacts/" .. ids[contact + 1] .. between .. bodies[type_id]
end

function init(args)
  for id in io.lines(args[2]) do
    ids[#ids + 1] = id
  end
  start, stride, types, chosen = tonumber(args[3]), tonumber(args[4]), tonumber(args[5]), tonumber(args[6])
  between = "/subscriptions HTTP/1.1\r\n" .. head()
  if args[1] == "GET" then
    math.randomseed(start)
    between = between .. "\r\n"
    request = get
    return
  end
  between = between .. "Content-Type: application/json\r\nContent-Length: "
  for type_id = 1, types do
    local consent_type = type_id % 2 == 1 and "opt_in" or "opt_out"
    local body = '{"id":"' .. type_id .. '","consent_type":"' .. consent_type .. '"}'
    bodies[type_id] = #body .. "\r\n\r\n" .. body
  end
  request = post
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'SUMMARY {"requests": %d, "microseconds": %d, "refused": %d, "broken": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)
  ))
end
