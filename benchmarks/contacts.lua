-- What wrk asks for: lines of a file in random order, each a version, a method, a path and a body, with tabs
-- between; or, with `create` in the place of the file, new contacts whose addresses count on from `start`.
--
-- Arguments: file or `create`, start.

local requests, start, between = {}, 0, ""

local function head()
  local lines = {}
  wrk.headers["Host"] = wrk.headers["Host"] or wrk.host .. ":" .. wrk.port
  for name, value in pairs(wrk.headers) do
    lines[#lines + 1] = name .. ": " .. value .. "\r\n"
  end
  return table.concat(lines)
end

local function message(version, method, path, body)
  local text = method .. " " .. path .. " HTTP/1.1\r\nIntercom-Version: " .. version .. "\r\n" .. between
  if body == "" then
    return text .. "\r\n"
  end
  return text .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

local function any()
  return requests[math.random(#requests)]
end

local function create()
  start = start + 1
  local body = '{"external_id":"new-' .. start .. '","email":"new.' .. start .. '@example.com","name":"New ' .. start .. '"}'
  return message("2.11", "POST", "/contacts", body)
end

function init(args)
  start, between = tonumber(args[2]), head()
  if args[1] == "create" then
    request = create
    return
  end
  for line in io.lines(args[1]) do
    requests[#requests + 1] = message(line:match("([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)"))
  end
  math.randomseed(start)
  request = any
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
