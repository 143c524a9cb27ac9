# ngx.shared in requests: dictionaries across phases, workers and reloads. The methods one by one: t/unit/lua/shared_test.cc.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: what one request stores the next one gets
--- http_config
    lua_shared_dict sandboxes 1m;
--- config
    location /set {
        content_by_lua_block { ngx.say(ngx.shared.sandboxes:set("abc123", "127.0.0.1:3000", 60, 7)) }
    }
    location /get {
        content_by_lua_block { ngx.say(ngx.shared.sandboxes:get("abc123")) }
    }
    location /delete {
        content_by_lua_block {
            ngx.shared.sandboxes:delete("abc123")
            ngx.say(tostring((ngx.shared.sandboxes:get("abc123"))))
        }
    }
--- request eval
["GET /set", "GET /get", "GET /delete"]
--- response_body eval
["truenilfalse\n", "127.0.0.1:30007\n", "nil\n"]



=== TEST 2: types keep themselves
--- http_config
    lua_shared_dict d 1m;
--- config
    location / {
        content_by_lua_block {
            local d = ngx.shared.d
            for _, value in ipairs { "text", "", 1, 1.5, -0.25, true, false } do
                d:set("k", value)
                local got = d:get("k")
                ngx.say(type(got), " ", tostring(got), " ", tostring(got == value))
            end
        }
    }
--- request
GET /
--- response_body
string text true
string  true
number 1 true
number 1.5 true
number -0.25 true
boolean true true
boolean false true



=== TEST 3: add, replace and incr
--- http_config
    lua_shared_dict d 1m;
--- config
    location / {
        content_by_lua_block {
            local d = ngx.shared.d
            local function show(...)
                local out = {}
                for i = 1, select("#", ...) do out[i] = tostring((select(i, ...))) end
                ngx.say(table.concat(out, " "))
            end
            show(d:replace("a", 1))
            show(d:add("a", 1))
            show(d:add("a", 2))
            show(d:incr("a", 10))
            show(d:incr("b", 1))
            show(d:incr("b", 1, 5))
            d:set("s", "x")
            show(d:incr("s", 1))
        }
    }
--- request
GET /
--- response_body
false not found false
true nil false
false exists false
11
nil not found
6 nil false
nil not a number



=== TEST 4: keys and values that can't be
--- http_config
    lua_shared_dict d 1m;
--- config
    location / {
        content_by_lua_block {
            local d = ngx.shared.d
            ngx.say(d:get(nil))
            ngx.say(d:set("", 1))
            ngx.say(d:set(("k"):rep(65536), 1))
            ngx.say(d:set("a", {}))
            ngx.say(pcall(d.set, d, "a", 1, -1))
            ngx.say(pcall(d.get, {}, "a"))
            ngx.say(tostring(ngx.shared.none))
        }
    }
--- request
GET /
--- response_body_like
^nilnil key
nilempty key
nilkey too long
nilbad value type
false.*bad "exptime" argument
false.*bad "zone" argument
nil
$



=== TEST 5: an entry expires, its stale value stays for a while
--- http_config
    lua_shared_dict d 1m;
--- config
    location / {
        content_by_lua_block {
            local d = ngx.shared.d
            d:set("a", 1, 0.01)
            ngx.say(d:ttl("a") <= 0.01, " ", d:get("a"))
            ngx.sleep(0.02)
            local value, flags, stale = d:get_stale("a")
            ngx.say(tostring((d:get("a"))), " ", value, " ", tostring(flags), " ", tostring(stale))
            ngx.say(d:expire("a", 1))
        }
    }
--- request
GET /
--- response_body
true 1
nil 1 nil true
nilnot found



=== TEST 6: lists
--- http_config
    lua_shared_dict d 1m;
--- config
    location / {
        content_by_lua_block {
            local d = ngx.shared.d
            ngx.say(d:rpush("l", "b"), d:lpush("l", "a"), d:rpush("l", 3), d:llen("l"))
            ngx.say(d:get("l"))
            ngx.say(d:lpop("l"), d:rpop("l"), d:rpop("l"), tostring((d:rpop("l"))))
        }
    }
--- request
GET /
--- response_body
1233
nilvalue is a list
a3bnil



=== TEST 7: init fills a dictionary once and every later phase sees it
--- http_config
    lua_shared_dict d 1m;
    init_by_lua_block { ngx.shared.d:incr("starts", 1, 0) }
--- config
    location / {
        access_by_lua_block { ngx.shared.d:incr("requests", 1, 0) }
        content_by_lua_block { ngx.say(ngx.shared.d:get("starts"), " ", ngx.shared.d:get("requests")) }
        log_by_lua_block { ngx.shared.d:incr("logged", 1, 0) }
    }
    location /logged {
        content_by_lua_block { ngx.say(ngx.shared.d:get("logged")) }
    }
--- pipelined_requests eval
["GET /", "GET /", "GET /logged"]
--- response_body eval
["1 1\n", "1 2\n", "2\n"]



=== TEST 8: workers share a dictionary
--- workers: 2
--- http_config
    lua_shared_dict d 1m;
    init_worker_by_lua_block { ngx.shared.d:incr("workers", 1, 0) }
--- config
    location / {
        content_by_lua_block {
            for _ = 1, 200 do
                if ngx.shared.d:get("workers") == 2 then return ngx.say("2 workers") end
                ngx.sleep(0.01)
            end
            ngx.say(ngx.shared.d:get("workers"))
        }
    }
--- request
GET /
--- response_body
2 workers



=== TEST 9: a full dictionary evicts, unless it must not
--- http_config
    lua_shared_dict d 64k;
--- config
    location / {
        content_by_lua_block {
            local d, forced = ngx.shared.d, false
            for i = 1, 200 do
                local ok, err, forcible = d:set("k" .. i, ("v"):rep(1000))
                if not ok then ngx.say(err) end
                forced = forced or forcible
            end
            ngx.say(forced, " ", d:get("k200") ~= nil)
            ngx.say(d:safe_set("new", ("v"):rep(30000)))
        }
    }
--- request
GET /
--- response_body
true true
falseno memoryfalse



=== TEST 10: keys are listed, flushed and the memory is told
--- http_config
    lua_shared_dict d 1m;
--- config
    location / {
        content_by_lua_block {
            local d = ngx.shared.d
            for i = 1, 5 do d:set("k" .. i, i) end
            ngx.say(#d:get_keys(), " ", #d:get_keys(2), " ", d:capacity(), " ", d:free_space() > 0)
            d:flush_all()
            ngx.say(tostring((d:get("k1"))), " ", #d:get_keys())
            ngx.say(type(d:flush_expired()), " ", d:flush_expired())
        }
    }
--- request
GET /
--- response_body
5 2 1048576 true
nil 0
number 0



=== TEST 11: a program may replace a method
--- http_config
    lua_shared_dict d 1m;
--- config
    location / {
        content_by_lua_block {
            local methods = getmetatable(ngx.shared.d).__index
            local get = methods.get
            methods.get = function(self, key) return "patched " .. tostring(get(self, key)) end
            ngx.shared.d:set("a", 1)
            ngx.say(ngx.shared.d:get("a"))
            methods.get = get
        }
    }
--- request
GET /
--- response_body
patched 1
