# ngx.timer.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: a timer runs after its request
--- config
    location /t { content_by_lua_block {
        local ok, err = ngx.timer.at(0, function(premature, name)
            ngx.sleep(0.001)
            ngx.log(ngx.WARN, name, ": ", tostring(premature), " ", ngx.get_phase(), " ", select(2, pcall(function() return ngx.var.uri end)))
        end, "mine")
        ngx.say(ok, " ", tostring(err))
    } }
--- request
GET /t
--- response_body
1 nil
--- error_log
mine: false timer
API disabled in the current context
context: ngx.timer

=== TEST 2: started by init_worker, again and again
--- http_config
    lua_shared_dict counts 1m;
    init_worker_by_lua_block {
        assert(ngx.timer.every(0.02, function() ngx.shared.counts:incr("n", 1, 0) end))
    }
--- config
    location /t { content_by_lua_block {
        while (ngx.shared.counts:get("n") or 0) < 3 do ngx.sleep(0.01) end
        ngx.say("three")
    } }
--- request
GET /t
--- response_body
three

=== TEST 3: an error in a timer is logged
--- config
    location /t { content_by_lua_block {
        ngx.timer.at(0, function() error("in the timer") end)
        ngx.say("ok")
    } }
--- request
GET /t
--- error_log eval
qr/lua entry thread aborted: runtime error: content_by_lua\(proxy.conf:\d+\):2: in the timer\nstack traceback:\ncoroutine 0:/

=== TEST 4: limits
--- http_config
    lua_max_pending_timers 2;
--- config
    location /t { content_by_lua_block {
        local f = function() end
        ngx.say(ngx.timer.at(9, f), ngx.timer.at(9, f), " ", select(2, ngx.timer.at(9, f)), " ", ngx.timer.pending_count())
    } }
--- request
GET /t
--- response_body
11 too many pending timers 2

=== TEST 5: the end comes early for timers that wait
--- config
    location /t { content_by_lua_block {
        ngx.timer.at(3600, function(premature) ngx.log(ngx.WARN, "premature: ", tostring(premature), " ", tostring(ngx.worker.exiting())) end)
        ngx.say("ok")
    } }
--- request
GET /t
--- no_error_log
premature: false

=== TEST 6: more arguments than a timer takes
--- config
    location /t { content_by_lua_block {
        local many = {}
        for i = 1, 3999 do many[i] = i end
        local seen
        local function count(_, ...) seen = select("#", ...) end
        ngx.say(ngx.timer.at(0, count, unpack(many)))
        while not seen do ngx.sleep(0.001) end
        ngx.say(seen)
        many[4000] = 4000
        ngx.say(tostring((ngx.timer.at(0, count, unpack(many)))), " ", select(2, ngx.timer.at(0, count, unpack(many))))
    } }
--- request
GET /t
--- response_body
1
3999
nil too many arguments
