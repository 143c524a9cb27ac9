# Libraries for OpenResty run as they are: Debian's lua-cjson (C) and lua-resty-lrucache, and what asks for lua-resty-core.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: lua-cjson
--- http_config
    lua_package_path "/usr/share/lua/5.1/?.lua;;";
    lua_package_cpath "/usr/lib/x86_64-linux-gnu/lua/5.1/?.so;/usr/lib/aarch64-linux-gnu/lua/5.1/?.so;;";
--- config
    location /t { content_by_lua_block {
        local cjson = require "cjson"
        local value = cjson.decode('{"list":[1,2.5,"x"],"none":null,"yes":true}')
        ngx.say(cjson.encode(value.list), " ", value.none == cjson.null, " ", value.none == ngx.null, " ", tostring(value.yes))
        ngx.say(cjson.encode { name = "a\"b" }, " ", cjson.encode(ngx.null))
        ngx.say(tostring(pcall(cjson.decode, "{")))
        ngx.say(tostring(require "cjson.safe".decode("{")))
    } }
--- request
GET /t
--- response_body
[1,2.5,"x"] true true true
{"name":"a\"b"} null
false
nil

=== TEST 2: lua-cjson in init_by_lua, used in requests
--- http_config
    lua_package_cpath "/usr/lib/x86_64-linux-gnu/lua/5.1/?.so;/usr/lib/aarch64-linux-gnu/lua/5.1/?.so;;";
    init_by_lua_block { cjson = require "cjson" }
--- config
    location /t { content_by_lua_block { ngx.print(cjson.encode { uri = ngx.var.uri }) } }
--- request
GET /t
--- response_body chomp
{"uri":"\/t"}

=== TEST 3: lua-resty-lrucache
--- http_config
    lua_package_path "/usr/share/lua/5.1/?.lua;;";
    init_by_lua_block { require "resty.core" cache = require "resty.lrucache".new(2) fast = require "resty.lrucache.pureffi".new(2) }
--- config
    location /t { content_by_lua_block {
        for _, kept in ipairs { cache, fast } do
            kept:set("a", 1)
            kept:set("b", 2, 0.01)
            kept:set("c", { 3 })
            ngx.say(tostring(kept:get("a")), " ", tostring(kept:get("b")), " ", kept:get("c")[1], " ", kept:count())
            while kept:get("b") do ngx.sleep(0.001) end
            ngx.say(tostring(kept:get("b")))
        end
    } }
--- request
GET /t
--- response_body
nil 2 3 2
nil
nil 2 3 2
nil

=== TEST 4: the parts of lua-resty-core
--- config
    location /t { content_by_lua_block {
        assert(require "resty.core".version)
        for name in ([[base base64 ctx exit hash misc ndk phase regex request response shdict time uri utils var worker
                       param coroutine socket]]):gmatch("%S+") do
            local part = require("resty.core." .. name)
            assert(type(part) == "table" and part.version, name)
            assert(part == require("resty.core." .. name))
        end
        require "resty.core.response".set_resp_header(nil, "X-Set", "1")
        local time = require "resty.core.time"
        local before = time.monotonic_msec()
        ngx.sleep(0.02)
        assert(time.monotonic_msec() - before >= 20 and time.monotonic_msec() - before < 5000)
        assert(math.abs(time.monotonic_time() * 1000 - time.monotonic_msec()) < 1)
        ngx.say(require "resty.core.utils".str_replace_char("a-b-c", "-", "_"), require "resty.core.utils".str_replace_char("a.b", ".", "%"))
        ngx.ctx.kept = 1
        ngx.say(require "resty.core.ctx".get_ctx_table().kept)
        require "resty.core.misc".register_ngx_magic_key_getter("magic", function() return "magic " .. ngx.var.uri end)
        ngx.say(ngx.magic, " ", ngx.status)
    } }
--- request
GET /t
--- response_body
a_b_ca%b
1
magic /t 200
--- response_headers
X-Set: 1

=== TEST 5: resty.core.base
--- http_config
    init_by_lua_block { assert(require "resty.core.base".get_request() == nil) }
--- config
    location /t { content_by_lua_block {
        local base = require "resty.core.base"
        local ffi = require "ffi"
        for name in ([[get_request new_tab clear_tab get_string_buf get_size_ptr get_errmsg_ptr set_string_buf_size get_string_buf_size
                       allows_subsystem ref_in_table FFI_OK FFI_ERROR FFI_AGAIN FFI_BUSY FFI_DONE FFI_DECLINED FFI_NO_REQ_CTX
                       FFI_BAD_CONTEXT FFI_ABORT version]]):gmatch("%S+") do
            if base[name] == nil then ngx.say("no ", name) end
        end
        local text = ffi.new("ngx_str_t", 3, "abc")
        ngx.say(ffi.string(text.data, text.len))
        ngx.say(type(base.get_request()), " ", base.get_request() == base.get_request())
        base.allows_subsystem("http", "stream")
        ngx.say((select(2, pcall(base.allows_subsystem, "stream")):gsub(".*: ", "")))
        local buffer = base.get_string_buf(10)
        ffi.copy(buffer, "0123456789", 10)
        ngx.say(ffi.string(buffer, 10), " ", tonumber(base.get_size_ptr()[0]))
        local refs = {}
        ngx.say(base.ref_in_table(refs, "x"), " ", refs[1])
    } }
--- request
GET /t
--- response_body
abc
cdata true
http
0123456789 0
1 x
