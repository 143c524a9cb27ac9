# ngx.re in requests: what the unit tests (t/unit/lua/re_test.cc) can't see is phases, directives and the request's own data.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: a host name is taken apart
--- config
    location / {
        content_by_lua_block {
            local m = ngx.re.match(ngx.var.host, [[^(?<port>\d+)-(?<id>[a-z0-9]+)\.]], "jo")
            ngx.say(m and m.port .. " " .. m.id or "none")
        }
    }
--- request eval
["GET /", "GET /"]
--- more_headers eval
["Host: 3000-abc123.sandbox.example", "Host: www.example"]
--- response_body eval
["3000 abc123\n", "none\n"]



=== TEST 2: match gives numbered and named groups, false for those that took no part
--- config
    location / {
        content_by_lua_block {
            local m = ngx.re.match("hello, 1234", "(?<word>[a-z]+)|(?<number>[0-9]+)", "jo")
            ngx.say(m[0], " ", m[1], " ", tostring(m[2]), " ", m.word, " ", tostring(m.number))
            ngx.say(tostring(ngx.re.match("hello", "[0-9]")))
        }
    }
--- request
GET /
--- response_body
hello hello false hello false
nil



=== TEST 3: find, gmatch, sub and gsub
--- config
    location / {
        content_by_lua_block {
            ngx.say(ngx.re.find("hello, 1234", "([0-9])([0-9]+)", "jo", nil, 2))
            for m in ngx.re.gmatch("a=1, b=2", "([a-z])=([0-9])", "jo") do ngx.say(m[1], ":", m[2]) end
            ngx.say(ngx.re.sub("hello", "(l+)", "[$1]", "jo"))
            ngx.say(ngx.re.gsub("a-b", "[a-z]", function(m) return m[0]:upper() end, "jo"))
        }
    }
--- request
GET /
--- response_body
911
a:1
b:2
he[ll]o1
A-B2



=== TEST 4: ctx.pos walks through a subject
--- config
    location / {
        content_by_lua_block {
            local ctx = { pos = 1 }
            while true do
                local m = ngx.re.match("1, 22, 333", "[0-9]+", "jo", ctx)
                if not m then break end
                ngx.say(m[0], " ", ctx.pos)
            end
        }
    }
--- request
GET /
--- response_body
1 2
22 6
333 11



=== TEST 5: a pattern that does not compile is an error value
--- config
    location / {
        content_by_lua_block {
            local m, err = ngx.re.match("a", "(a", "jo")
            ngx.say(tostring(m), " ", err)
            local s, n, err = ngx.re.sub("a", "(a", "b")
            ngx.say(tostring(s), " ", tostring(n), " ", err)
        }
    }
--- request
GET /
--- response_body
nil pcre2_compile() failed: missing closing parenthesis in "(a"
nil nil pcre2_compile() failed: missing closing parenthesis in "(a"



=== TEST 6: an unknown option is a Lua error
--- config
    location / {
        content_by_lua_block { ngx.re.match("a", "a", "oz") }
    }
--- request
GET /
--- error_code: 500
--- error_log
unknown flag "z" (flags "oz")



=== TEST 7: lua_regex_match_limit ends a match that backtracks without end
--- http_config
    lua_regex_match_limit 1000;
--- config
    location / {
        content_by_lua_block {
            local m, err = ngx.re.match(("a"):rep(40) .. "b", "^(a+)+$", "jo")
            ngx.say(tostring(m), " ", err)
        }
    }
--- request
GET /
--- response_body
nil pcre_exec() failed: -47



=== TEST 8: more patterns than lua_regex_cache_max_entries
--- http_config
    lua_regex_cache_max_entries 4;
--- config
    location / {
        content_by_lua_block {
            local found = 0
            for round = 1, 3 do
                for i = 1, 20 do
                    if ngx.re.match("x" .. i, "^x" .. i .. "$", "jo") then found = found + 1 end
                end
            end
            ngx.say(found)
        }
    }
--- request
GET /
--- response_body
60



=== TEST 9: regular expressions work in every phase
--- http_config
    init_by_lua_block { at_init = ngx.re.match("init", "i(.)it", "jo")[1] }
--- config
    location / {
        set_by_lua_block $at_set { return (ngx.re.gsub("set", "e", "E", "jo")) }
        rewrite_by_lua_block { ngx.ctx.at_rewrite = ngx.re.find("rewrite", "w", "jo") }
        access_by_lua_block { ngx.ctx.at_access = ngx.re.match("access", "c+", "jo")[0] }
        content_by_lua_block {
            ngx.say(at_init, " ", ngx.var.at_set, " ", ngx.ctx.at_rewrite, " ", ngx.ctx.at_access)
        }
        header_filter_by_lua_block { ngx.header["X-At"] = ngx.re.match("header", "h(..)", "jo")[1] }
        body_filter_by_lua_block { ngx.arg[1] = ngx.re.gsub(ngx.arg[1], "[a-z]+$", "<$0>", "jom") }
    }
--- request
GET /
--- response_headers
X-At: ea
--- response_body
n sEt 3 <cc>



=== TEST 10: the module ngx.re splits
--- config
    location / {
        content_by_lua_block {
            local split = require("ngx.re").split
            ngx.say(table.concat(split("a, b,c", ",\\s*", "jo"), "|"))
            ngx.say(table.concat(split("a,b,c", ",", nil, nil, 2), "|"))
        }
    }
--- request
GET /
--- response_body
a|b|c
a|b,c
