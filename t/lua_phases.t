# Every phase runs, in its order, and knows its name.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: phases in order, one ctx through all of them
--- http_config
    init_by_lua_block { started = ngx.get_phase() }
    init_worker_by_lua_block { worker = ngx.get_phase() .. ngx.worker.id() }
--- config
    location /t {
        set_by_lua_block $first { ngx.ctx.seen = ngx.get_phase() return "set" }
        rewrite_by_lua_block { ngx.ctx.seen = ngx.ctx.seen .. " " .. ngx.get_phase() }
        access_by_lua_block { ngx.ctx.seen = ngx.ctx.seen .. " " .. ngx.get_phase() }
        content_by_lua_block { ngx.say(started, " ", worker, " ", ngx.var.first, ": ", ngx.ctx.seen, " ", ngx.get_phase()) }
        header_filter_by_lua_block { ngx.header["X-Phase"] = ngx.get_phase() }
        body_filter_by_lua_block { if #ngx.arg[1] > 0 then ngx.arg[1] = ngx.arg[1]:gsub("\n", "") .. " " .. ngx.get_phase() .. "\n" end }
        log_by_lua_block { ngx.log(ngx.WARN, "phase: ", ngx.get_phase(), " status ", ngx.status) }
    }
--- request
GET /t
--- response_headers
X-Phase: header_filter
--- response_body_like: ^init init_worker0 set: set rewrite access content body_filter
--- error_log
phase: log status 200

=== TEST 2: a location replaces what it inherits
--- http_config
    access_by_lua_block { ngx.ctx.who = "http" }
--- config
    access_by_lua_block { ngx.ctx.who = "server" }
    location /own {
        access_by_lua_block { ngx.ctx.who = "location" }
        content_by_lua_block { ngx.say(ngx.ctx.who) }
    }
    location /inherited { content_by_lua_block { ngx.say(ngx.ctx.who) } }
--- request eval
["GET /own", "GET /inherited"]
--- response_body eval
["location\n", "server\n"]

=== TEST 3: files and strings
--- config
    location /file { content_by_lua_file html/hello.lua; }
    location /text { content_by_lua 'ngx.say("from \'text\'")'; }
    location /args { set_by_lua $sum 'return ngx.arg[1] + ngx.arg[2]' $arg_a 5; content_by_lua_block { ngx.say(ngx.var.sum) } }
--- user_files
>>> hello.lua
ngx.say("from file")
--- request eval
["GET /file", "GET /text", "GET /args?a=37"]
--- response_body eval
["from file\n", "from 'text'\n", "42\n"]

=== TEST 4: rewrite and access may end the request
--- config
    location /rewrite {
        rewrite_by_lua_block { ngx.say("rewritten") }
        content_by_lua_block { ngx.say("never") }
    }
    location /access {
        access_by_lua_block { if ngx.var.arg_key ~= "yes" then return ngx.exit(403) end }
        content_by_lua_block { ngx.say("welcome") }
    }
--- request eval
["GET /rewrite", "GET /access", "GET /access?key=yes"]
--- error_code eval
[200, 403, 200]
--- response_body_like eval
["^rewritten\n\$", "403 Forbidden", "^welcome\n\$"]

=== TEST 5: waiting in rewrite, access and content
--- config
    location /t {
        rewrite_by_lua_block { ngx.sleep(0.001) ngx.ctx.a = "r" }
        access_by_lua_block { ngx.sleep(0) ngx.ctx.a = ngx.ctx.a .. "a" }
        content_by_lua_block {
            local co = coroutine.wrap(function() ngx.sleep(0.001) coroutine.yield("c") end)
            ngx.say(ngx.ctx.a, co())
        }
    }
--- request
GET /t
--- response_body
rac

=== TEST 6: where Lua may not wait, it says so
--- config
    location /t {
        content_by_lua_block { ngx.say("ok") }
        header_filter_by_lua_block {
            local ok, message = pcall(ngx.sleep, 0)
            ngx.header["X-Message"] = message
        }
    }
--- request
GET /t
--- response_headers
X-Message: API disabled in the context of header_filter_by_lua*

=== TEST 7: require finds modules by lua_package_path, the guard watches globals
--- http_config
    lua_package_path "$prefix/html/?.lua;;";
    init_by_lua_block { require "counter" }
--- config
    location /t { content_by_lua_block { leak = 1 ngx.say(require("counter").next()) } }
--- user_files
>>> counter.lua
local count = 40
return { next = function() count = count + 2 return count end }
--- request
GET /t
--- response_body
42
--- error_log
writing a global Lua variable ('leak')

=== TEST 8: the libraries of the fork and of lua-resty-core are there
--- config
    location /t { content_by_lua_block {
        require "resty.core"
        local new_tab, clear = require "table.new", require "table.clear"
        local t = new_tab(4, 0)
        t[1] = 1
        clear(t)
        ngx.say(#t, " ", require("ngx") == ngx, " ", type(require("resty.core.base").get_string_buf), " ", ngx.config.subsystem)
    } }
--- request
GET /t
--- response_body
0 true function http

=== TEST 9: a coroutine that another thread holds is not resumed
--- http_config
    init_by_lua_block {
        shared = {}
        function shared.nap()
            while not shared.seen do ngx.sleep(0.001) end
            return "slept"
        end
    }
--- config
    location /t {
        content_by_lua_block {
            local function try(co) return coroutine.status(co), select(2, coroutine.resume(co)) end
            shared.co, shared.result, shared.seen = coroutine.create(shared.nap), nil, false
            ngx.timer.at(0, function()
                shared.entry = coroutine.running()
                shared.result = select(2, coroutine.resume(shared.co))
            end)
            while coroutine.status(shared.co) ~= "normal" do ngx.sleep(0.001) end
            ngx.say(try(shared.co))
            ngx.say(try(shared.entry))
            ngx.say(pcall(coroutine.wrap(function() return try(shared.co) end)))
            ngx.flush(true)
            shared.seen = true
            while not shared.result do ngx.sleep(0.001) end
            ngx.say(shared.result, " ", coroutine.status(shared.co), " ", select(2, coroutine.resume(shared.co)))
        }
        header_filter_by_lua_block {
            ngx.header["X-Filter"] = coroutine.status(shared.co) .. ", " .. select(2, coroutine.resume(shared.co))
        }
    }
--- request eval
["GET /t", "GET /t"]
--- response_headers eval
["X-Filter: normal, cannot resume normal coroutine", "X-Filter: normal, cannot resume normal coroutine"]
--- response_body eval
["normalcannot resume normal coroutine\n" x 2 . "truenormalcannot resume normal coroutine\nslept dead cannot resume dead coroutine\n",
 "normalcannot resume normal coroutine\n" x 2 . "truenormalcannot resume normal coroutine\nslept dead cannot resume dead coroutine\n"]

=== TEST 10: a resume that fails leaves the coroutine as it was
--- config
    location /t { content_by_lua_block {
        local co = coroutine.create(function() return "ran" end)
        ngx.say(pcall(string.gsub, "x", "x", function() return coroutine.resume(co) end))
        ngx.say(coroutine.status(co), " ", select(2, coroutine.resume(co)))
    } }
--- request
GET /t
--- response_body
falseattempt to yield across C-call boundary
suspended ran

=== TEST 11: more values than a stack takes
--- config
    location /t { content_by_lua_block {
        local many = {}
        for i = 1, 7900 do many[i] = i end
        local function values(name) return assert(loadstring("return " .. name .. "(" .. ("0,"):rep(200) .. "unpack(...))")) end
        local function counted(ok, first, ...) return tostring(ok) .. " " .. tostring(first) .. " " .. select("#", ...) end
        local function try(co, ...) return counted(coroutine.resume(co, ...)) end
        ngx.say(try(coroutine.create(function() return 0, unpack(many) end)))
        local ended = coroutine.create(values("(function(...) return ... end)"))
        ngx.say(try(ended, many), ", ", coroutine.status(ended))
        local yields = coroutine.create(values("coroutine.yield"))
        ngx.say(try(yields, many), ", ", coroutine.status(yields))
        ngx.say(try(yields, "back"), ", ", coroutine.status(yields))
    } }
--- request
GET /t
--- response_body
true 0 7900
false too many results to resume 0, dead
false too many results to resume 0, suspended
true back 0, dead
