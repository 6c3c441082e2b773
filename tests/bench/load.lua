-- wrk's requests: POST of an issue request, the users in turn. Every text is ready before the clock
-- starts, so that the load generator takes as little of the machine as it can.
local USERS = 20000
local requests = {}
local sent = 0

function init(args)
    for user = 1, USERS do
        requests[user] = wrk.format("POST", wrk.path, {["Content-Type"] = "application/json"},
                                    string.format('{"userId":%d}', 1000000000 + user * 7919))
    end
end

function request()
    sent = sent % USERS + 1
    return requests[sent]
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("bench %d %d %d %d %.0f\n", summary.requests, summary.duration, errors.status,
                           errors.connect + errors.read + errors.write + errors.timeout,
                           latency:percentile(99)))
end
