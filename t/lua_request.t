# ngx.req, ngx.var.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: line and fields
--- config
    location /t { content_by_lua_block {
        local h = ngx.req.get_headers()
        ngx.say(ngx.req.get_method(), " ", ngx.req.http_version(), " ", h["X-Foo"], " ", h.x_foo, " ", h.host ~= nil, " ", type(h["x-two"]))
        ngx.say(tostring(ngx.req.is_internal()), " ", tostring(ngx.is_subrequest), " ", ngx.now() - ngx.req.start_time() < 5)
        ngx.say(select(2, ngx.req.get_headers(1)))
        ngx.print(ngx.req.raw_header():sub(1, 17))
    } }
--- request
GET /t
--- more_headers
X-Foo: bar
X-Two: a
X-Two: b
--- response_body eval
"GET 1.1 bar bar true table\nfalse false true\ntruncated\nGET /t HTTP/1.1\r\n"

=== TEST 2: arguments
--- config
    location /t { content_by_lua_block {
        local a = ngx.req.get_uri_args()
        ngx.say(a.a, " ", tostring(a.b), " [", a.c, "] ", a.d[1], a.d[2], " ", a["e f"], " ", tostring(ngx.var.arg_none), " [", ngx.var.arg_c, "]")
        ngx.say(select(2, ngx.req.get_uri_args(2)))
        ngx.req.set_uri_args({ x = "1 2", y = true })
        ngx.say((ngx.var.args:gsub("^y&(.*)", "%1&y")))
        ngx.req.set_uri_args("q=a b")
        ngx.say(ngx.var.args)
    } }
--- request
GET /t?a=1&b&c=&d=x&d=y&e+f=%41
--- response_body
1 true [] xy A nil []
truncated
x=1%202&y
q=a%20b

=== TEST 3: fields can be changed, the upstream sees it
--- config
    location /t {
        rewrite_by_lua_block {
            ngx.req.set_header("X-Set", "new")
            ngx.req.set_header("X-List", { "a", "b" })
            ngx.req.clear_header("X-Old")
            ngx.req.set_method(ngx.HTTP_PUT)
            ngx.req.set_uri("/echo")
            ngx.req.set_uri_args("z=1")
        }
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT;
    }
--- request
GET /t
--- more_headers
X-Old: 1
--- response_body_like: ^PUT /echo\?z=1 HTTP/1.\d\r?\n(?=(?s:.*)X-Set: new)(?=(?s:.*)X-List: a)(?=(?s:.*)X-List: b)(?!(?s:.*)X-Old)

=== TEST 4: set_uri with a jump finds the location again
--- config
    location /from { rewrite_by_lua_block { ngx.req.set_uri("/to", true) } }
    location /to { content_by_lua_block { ngx.say("at ", ngx.var.uri, " from ", ngx.var.request_uri) } }
    location /bad { content_by_lua_block {
        ngx.say(select(2, pcall(ngx.req.set_uri, "")))
        ngx.say(select(2, pcall(ngx.req.set_uri, "/a\0b")))
        ngx.say(select(2, pcall(ngx.req.set_uri, "/x", true)))
        ngx.say(select(2, pcall(ngx.req.set_method, 3)))
    } }
--- request eval
["GET /from?a=1", "GET /bad"]
--- response_body_like eval
["^at /to from /from\\?a=1\n\$", "zero-length uri\n.*unsafe byte \"0x00\".*\n.*API disabled in the context of content_by_lua\\*\n.*unsupported HTTP method: 3"]

=== TEST 5: the body
--- config
    location /t { content_by_lua_block {
        ngx.say(tostring(ngx.req.get_body_data()))
        ngx.req.read_body()
        ngx.req.read_body()
        ngx.say(ngx.req.get_body_data(), " ", ngx.req.get_post_args().a, " ", tostring(ngx.req.get_body_file()))
    } }
    location /need { lua_need_request_body on; content_by_lua_block { ngx.say(ngx.req.get_body_data()) } }
    location /none { content_by_lua_block { ngx.req.read_body() ngx.say(tostring(ngx.req.get_body_data())) } }
    location /unread { content_by_lua_block { ngx.say(select(2, pcall(ngx.req.get_post_args))) } }
--- request eval
["POST /t\na=1&b=2", "POST /need\nabc", "GET /none", "POST /unread\na=1"]
--- response_body eval
["nil\na=1&b=2 1 nil\n", "abc\n", "nil\n", "no request body found; maybe you should turn on lua_need_request_body?\n"]

=== TEST 6: a body that is too large ends the request
--- config
    client_max_body_size 10;
    location /t { content_by_lua_block { ngx.req.read_body() ngx.say("never") } }
--- request eval
"POST /t\n" . "x" x 20
--- error_code: 413
--- error_log
client intended to send too large body

=== TEST 7: a replaced body goes to the upstream
--- config
    location /t {
        access_by_lua_block { ngx.req.read_body() ngx.req.set_body_data("[" .. ngx.req.get_body_data() .. "]") }
        proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT/echo;
    }
--- request
POST /t
abc
--- response_body_like: Content-Length: 5(?s:.*)\[abc\]

=== TEST 8: variables
--- config
    location ~ ^/t/(\w+)/(\w+) {
        set $mine "a";
        content_by_lua_block {
            ngx.say(ngx.var[1], ngx.var[2], tostring(ngx.var[3]), " ", ngx.var.mine, " ", ngx.var.URI, " ", ngx.var.http_x_foo, " ", tostring(ngx.var.http_none))
            ngx.var.mine = 12
            ngx.say(ngx.var.mine, " ", tostring(ngx.var.no_such_variable))
            ngx.var.mine = nil
            ngx.say("[", ngx.var.mine, "]")
            ngx.say(select(2, pcall(function() ngx.var.nope = 1 end)))
            ngx.say(select(2, pcall(function() ngx.var.remote_addr = 1 end)))
        }
    }
--- request
GET /t/one/two
--- more_headers
X-Foo: bar
--- response_body_like eval
qr{^onetwonil a /t/one/two bar nil\n12 nil\n\[\]\n.*variable "nope" not found for writing; maybe it is a built-in variable that is not changeable or you forgot to use "set \$nope '';" in the config file to define it first\n.*variable "remote_addr" not changeable\n\z}
