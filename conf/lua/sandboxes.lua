-- The table of sandboxes over HTTP:
--
--   curl http://localhost:8080/sandboxes/                                 one line each: id, address, requests so far
--   curl -X PUT -d 127.0.0.12 http://localhost:8080/sandboxes/jkl012      from now on 3000-jkl012.localhost goes there
--   curl -X DELETE http://localhost:8080/sandboxes/jkl012                 no longer known

local sandboxes, requests = ngx.shared.sandboxes, ngx.shared.requests

local function answer(status, ...)
    ngx.status = status
    ngx.header.content_type = "text/plain"
    ngx.say(...)
    return ngx.exit(status)
end

local function list()
    local ids = sandboxes:get_keys()
    table.sort(ids)
    for i, id in ipairs(ids) do
        ids[i] = id .. " " .. sandboxes:get(id) .. " " .. (requests:get(id) or 0)
    end
    return answer(200, table.concat(ids, "\n"))
end

-- An IPv4 address: nothing else may get into $target.
local function is_address(text)
    local a, b, c, d = text:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
    return a and math.max(a, b, c, d) <= 255
end

local function add(id)
    ngx.req.read_body()
    local address = (ngx.req.get_body_data() or ""):match("^%s*(.-)%s*$")
    if not is_address(address) then return answer(400, "the body must be an IPv4 address") end
    local ok, err = sandboxes:set(id, address)
    if not ok then return answer(507, "the table is full: ", err) end
    return answer(201, id, " is at ", address)
end

local function remove(id)
    if not sandboxes:get(id) then return answer(404, "no such sandbox: ", id) end
    sandboxes:delete(id)
    return answer(200, id, " is gone")
end

local id = ngx.var.uri:match("^/sandboxes/([a-z0-9]+)$")
local method = ngx.req.get_method()
if method == "GET" and ngx.var.uri == "/sandboxes/" then return list() end
if id and method == "PUT" then return add(id) end
if id and method == "DELETE" then return remove(id) end
return answer(405, "GET /sandboxes/, PUT /sandboxes/ID or DELETE /sandboxes/ID")
