# ngx.exit, redirect, exec, errors, filters, balancer.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: exit
--- config
    error_page 418 /tea;
    location /tea { internal; content_by_lua_block { ngx.say("tea") } }
    location /status { content_by_lua_block { pcall(ngx.exit, tonumber(ngx.var.arg_s)) ngx.say("never") } }
    location /ok { access_by_lua_block { ngx.exit(ngx.OK) } content_by_lua_block { ngx.say("went on") } }
    location /done { access_by_lua_block { ngx.status = 202 ngx.say("done") ngx.exit(ngx.HTTP_OK) } content_by_lua_block { ngx.say("never") } }
    location /late { content_by_lua_block { ngx.say("begun") ngx.exit(500) } }
--- request eval
["GET /status?s=404", "GET /status?s=418", "GET /ok", "GET /done", "GET /late", "GET /status?s=204", "GET /status?s=200"]
--- error_code eval
[404, 418, 200, 202, 200, 204, 200]
--- response_body_like eval
["404 Not Found", "^tea", "^went on", "^done\n\\z", "^begun\n\\z", "^\\z", "^\\z"]
--- error_log
attempt to set status 500 via ngx.exit after sending out the response status 200

=== TEST 2: exit 444 closes without a response
--- config
    location /t { content_by_lua_block { ngx.exit(444) } }
--- request
GET /t
--- error_code:

=== TEST 3: redirect
--- config
    location /t { rewrite_by_lua_block { return ngx.redirect("/other?a=1") } }
    location /p { content_by_lua_block { return ngx.redirect("https://example.com/", 308) } }
    location /bad { content_by_lua_block { ngx.say(pcall(ngx.redirect, "/x", 200)) ngx.say(pcall(ngx.redirect, "/x\r\ny")) } }
--- request eval
["GET /t", "GET /p", "GET /bad"]
--- error_code eval
[302, 308, 200]
--- response_headers_like eval
["Location: .*/other\\?a=1", "Location: https://example.com/", ""]

=== TEST 4: exec
--- config
    location /t { content_by_lua_block { ngx.ctx.lost = 1 ngx.exec("/inside", "a=1") } }
    location /q { content_by_lua_block { ngx.exec("/inside?b=2", { a = 1 }) } }
    location /named { rewrite_by_lua_block { ngx.exec("@there") } }
    location /inside { internal; content_by_lua_block { ngx.say(ngx.var.uri, " ", ngx.var.args, " ", tostring(ngx.ctx.lost), " ", tostring(ngx.req.is_internal())) } }
    location @there { content_by_lua_block { ngx.say("named ", ngx.var.uri) } }
    location /loop { rewrite_by_lua_block { ngx.exec("/loop") } }
    location /nowhere { content_by_lua_block { ngx.exec("@nowhere") } }
--- request eval
["GET /t", "GET /q", "GET /named", "GET /loop", "GET /nowhere"]
--- error_code eval
[200, 200, 200, 500, 500]
--- response_body_like eval
["^/inside a=1 nil true", "^/inside b=2&a=1 nil true", "^named /named", "500", "500"]
--- error_log
rewrite or internal redirection cycle
could not find named location "@nowhere"

=== TEST 4a: ngx.ctx is lost on every internal redirect, and only there
--- config
    set $seen "";
    location /page { rewrite_by_lua_block { ngx.ctx.old = "old" ngx.exit(404) } error_page 404 /shown; }
    location /named { access_by_lua_block { ngx.ctx.old = "old" ngx.exit(403) } error_page 403 = @shown; }
    location /set { access_by_lua_block { ngx.ctx = { old = "old" } ngx.exit(403) } error_page 403 = @fresh; }
    location /last { rewrite_by_lua_block { ngx.ctx.old = "kept" ngx.req.set_uri("/shown", true) } }
    location /shown { content_by_lua_block { ngx.status = 200 ngx.say("ctx ", tostring(ngx.ctx.old)) } }
    location @shown { content_by_lua_block { ngx.say("ctx ", tostring(ngx.ctx.old)) ngx.ctx.new = "new" ngx.say(ngx.ctx.new) } }
    location @fresh {
        rewrite_by_lua_block { ngx.ctx = { new = "made" } }
        content_by_lua_block { ngx.say("ctx ", tostring(ngx.ctx.old), " ", tostring(ngx.ctx.new)) }
        log_by_lua_block { ngx.log(ngx.WARN, "at the end: ", tostring(ngx.ctx.old), " ", tostring(ngx.ctx.new)) }
    }
--- request eval
["GET /page", "GET /named", "GET /set", "GET /last"]
--- error_code eval
[404, 200, 200, 200]
--- response_body eval
["ctx nil\n", "ctx nil\nnew\n", "ctx nil made\n", "ctx kept\n"]
--- error_log
at the end: nil made

=== TEST 5: an error says file, line and traceback
--- config
    location /t {
        content_by_lua_block {
            local function inner() error("broken") end
            inner()
        }
    }
--- request
GET /t
--- error_code: 500
--- error_log eval
[qr/lua entry thread aborted: runtime error: content_by_lua\(\S+:\d+\):2: broken/, "stack traceback:", qr/content_by_lua\(\S+:\d+\):3: in function <content_by_lua\(\S+:\d+\):1>, client: 127.0.0.1/]

=== TEST 6: errors in set, filters and log
--- config
    location /set { set_by_lua_block $x { error("in set") } return 200; }
    location /header { header_filter_by_lua_block { error("in header") } content_by_lua_block { ngx.say("x") } }
    location /log { log_by_lua_block { error("in log") } content_by_lua_block { ngx.say("fine") } }
--- request eval
["GET /set", "GET /header", "GET /log"]
--- error_code eval
[500, 500, 200]
--- error_log eval
[qr/failed to run set_by_lua\*: set_by_lua\(\S+\):1: in set/, qr/failed to run header_filter_by_lua\*: .*in header/, qr/failed to run log_by_lua\*: .*in log/]

=== TEST 7: what is not there says so
--- config
    location /t { content_by_lua_block {
        ngx.say(select(2, pcall(ngx.location.capture, "/x")))
        ngx.say(select(2, pcall(ngx.socket.tcp)))
        ngx.say(select(2, pcall(ngx.thread.spawn, function() end)))
    } }
--- request
GET /t
--- response_body
ngx.location.capture is not available in this version of sluice
ngx.socket.tcp is not available in this version of sluice
ngx.thread.spawn is not available in this version of sluice

=== TEST 8: filters change what an upstream says
--- config
    location /t {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/bytes/5;
        header_filter_by_lua_block { ngx.header.content_length = nil ngx.header["X-Status"] = ngx.status }
        body_filter_by_lua_block { ngx.arg[1] = ngx.arg[1]:upper() .. (ngx.arg[2] and "end" or "") }
    }
    location /exit {
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/bytes/5;
        header_filter_by_lua_block { if ngx.status == 200 then ngx.exit(503) end }
    }
    location /cut {
        content_by_lua_block { ngx.say("one") ngx.flush(true) ngx.say("two") }
        body_filter_by_lua_block { ngx.arg[2] = true }
    }
--- request eval
["GET /t", "GET /exit", "GET /cut"]
--- error_code eval
[200, 503, 200]
--- response_body_like eval
["^.{5}end\\z", "503", "^one\n\\z"]

=== TEST 9: balancer_by_lua
--- http_config
    upstream by_lua {
        server 0.0.0.1;
        balancer_by_lua_block {
            local balancer = require "ngx.balancer"
            local state, status = balancer.get_last_failure()
            if not state then
                assert(balancer.set_more_tries(1))
                assert(balancer.set_timeouts(1, 1, 1))
                assert(balancer.set_current_peer("127.0.0.1", 1))
            else
                assert(balancer.set_current_peer("127.0.0.1", $TEST_SLUICE_ORIGIN_PORT))
            end
        }
    }
    upstream nobody { server 0.0.0.1; balancer_by_lua_block { ngx.log(ngx.WARN, ngx.get_phase()) } }
--- config
    location /t { proxy_pass http://by_lua/echo; }
    location /nobody { proxy_pass http://nobody; }
--- request eval
["GET /t", "GET /nobody"]
--- error_code eval
[200, 500]
--- error_log
lua balancer: no peer set

=== TEST 10: a client that leaves ends waiting code
--- config
    lua_check_client_abort on;
    location /t {
        content_by_lua_block { ngx.sleep(3600) }
        log_by_lua_block { ngx.log(ngx.WARN, "ended with ", ngx.status) }
    }
--- request
GET /t
--- abort
--- timeout: 0.1
--- ignore_response
--- error_log
ended with 499
