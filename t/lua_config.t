# Mistakes in the configuration and in Lua are found before anything runs.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: a syntax error names the chunk, Lua's line and the line of the file
--- config
    location /t {
        content_by_lua_block {
            local a = 1
            local b = = 2
        }
    }
--- must_die
--- error_log eval
qr/\[emerg\] .*failed to load inlined Lua code: content_by_lua\(proxy.conf:(\d+)\):3: unexpected symbol near '=' in \S+proxy.conf:(\d+)(??{ $2 == $1 + 2 ? "" : "(?!)" })/

=== TEST 2: no code
--- config
    location /t { access_by_lua_block { } }
--- must_die
--- error_log
invalid location config: no runnable Lua code

=== TEST 3: a file that is not there
--- config
    location /t { content_by_lua_file html/none.lua; }
--- must_die
--- error_log eval
qr/failed to load external Lua file "\S+html\/none.lua": .*No such file or directory\) in \S+proxy.conf:\d+/

=== TEST 4: a file with an error
--- config
    location /t { content_by_lua_file html/bad.lua; }
--- user_files
>>> bad.lua
local x = 1
oops
--- must_die
--- error_log eval
qr/failed to load external Lua file "\S+bad.lua": \S+bad.lua:\d: '=' expected near/

=== TEST 5: a variable in a path
--- config
    location /t { content_by_lua_file html/$arg_a.lua; }
--- must_die
--- error_log
variables in the path of a Lua file are not supported

=== TEST 6: init_by_lua fails
--- http_config
    init_by_lua_block { error("not today") }
--- config
    location /t { return 200; }
--- must_die
--- error_log eval
[qr/sluice: \[emerg\] init_by_lua\(proxy.conf:(\d+)\):1: not today in \S+proxy.conf:\1\nstack traceback:/, "stack traceback:", qr/\(proxy.conf:\d+\):1: in main chunk/]

=== TEST 7: dictionaries that are too small, without a size, or there twice
--- http_config
    lua_shared_dict small 8190;
--- config
    location /t { return 200; }
--- must_die
--- error_log
invalid lua shared dict size "8190"

=== TEST 8: twice
--- http_config
    lua_shared_dict one 1m;
    lua_shared_dict one 1m;
--- config
    location /t { return 200; }
--- must_die
--- error_log
lua_shared_dict "one" is already defined as "one"

=== TEST 9: the smallest dictionary
--- http_config
    lua_shared_dict small 8191;
--- config
    location /t { content_by_lua_block { ngx.say(ngx.shared.small:set("a", 1), " ", ngx.shared.small:get("a"), " ", tostring(ngx.shared.none)) } }
--- request
GET /t
--- response_body
true 1 nil

=== TEST 10: lua_code_cache off
--- http_config
    lua_code_cache off;
--- config
    location /t { return 200; }
--- must_die
--- error_log
"lua_code_cache off" is not supported

=== TEST 11: a block that does not end
--- config
    location /t { content_by_lua_block { { { { {
--- must_die
--- error_log
expecting terminating characters for lua code block

=== TEST 12: set_by_lua needs a variable
--- config
    location /t { set_by_lua_block res { return 1 } return 200; }
--- must_die
--- error_log
invalid variable name "res"

=== TEST 13: a second init_by_lua
--- http_config
    init_by_lua_block { a = 1 }
    init_by_lua_block { a = 2 }
--- config
    location /t { return 200; }
--- must_die
--- error_log
is duplicate
