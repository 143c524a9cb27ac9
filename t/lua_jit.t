# What LuaJIT compiles does the same as its interpreter: one set of everyday handlers, asked often enough to be compiled, and again with
# jit.off(); both must answer the same texts.
use lib 't/lib';
use Test::Sluice 'no_plan';

our $kRuns = 60;    # of each kind of request; a function is compiled after some hundred calls

our $http = <<'END';
    lua_shared_dict values 1m;
    init_by_lua_block {
        local values = ngx.shared.values
        values:set("text", "some") values:set("number", 1.5) values:set("yes", true) values:set("no", false)
        values:set("flagged", "f", 0, 7) values:rpush("list", "x")
        -- Which handlers have been compiled.
        compiled = {}
        require("jit").attach(function(what, number, func)
            if what ~= "start" then return end
            local family = require("jit.util").funcinfo(func).source:match("^=(%a+_?%a*)_by_lua")
            if family then compiled[family] = true end
        end, "trace")
    }
    upstream peers {
        server 0.0.0.1;
        balancer_by_lua_block { assert(require("ngx.balancer").set_current_peer("127.0.0.1", $TEST_SLUICE_SERVER_PORT)) }
    }
END

our $handlers = <<'END';
    location /t {
        set $mine "";
        rewrite_by_lua_block {
            ngx.ctx.started = ngx.now()
            ngx.ctx.host = ngx.var.host
        }
        access_by_lua_block {
            local headers = ngx.req.get_headers()
            local m = ngx.re.match(ngx.var.arg_name or "", [[^([a-z]+)(-)?([0-9]+)$]], "jo")
            ngx.ctx.m = m
            ngx.var.mine = m and m[1] or "nobody"
            ngx.req.set_header("X-Tenant", headers["host"])
            ngx.req.set_header("X-Missing", headers["X-Missing"] or "missing")
            ngx.req.set_header("X-Control", "a\tb")
            if headers["x-blocked"] then return ngx.exit(403) end
        }
        header_filter_by_lua_block {
            ngx.header["X-Served-By"] = "lua"
            ngx.header.x_under_score = "1"
            ngx.header["X-Number"] = 5
        }
        log_by_lua_block { ngx.ctx.seconds = ngx.now() - ngx.ctx.started }
        proxy_set_header X-Mine $mine;
        proxy_pass http://peers/content;
    }
    location /content {
        content_by_lua_block {
            local values, headers = ngx.shared.values, ngx.req.get_headers()
            ngx.say(headers.x_mine, " ", headers["X-Tenant"], " ", headers.x_missing, " ", headers["x-control"], " ", ngx.ctx.none)
            ngx.say(values:get("text"), " ", values:get("number"), " ", values:get("yes"), " ", values:get("no"), " ", values:get("none"))
            ngx.say(values:get("flagged"))
            ngx.say(values:get("list"))
            ngx.say(values:get(""))
        }
    }
    location /groups {
        content_by_lua_block {
            local m = ngx.re.match(ngx.var.arg_name, [[^([a-z]+)(-)?([0-9]+)$]], "jo")
            if not m then return ngx.say("no match") end
            ngx.say(m[0], " ", m[1], " ", m[2], " ", m[3], " ", m[4], " ", #m)
        }
    }
    location /errors {
        content_by_lua_block {
            local said = {}
            local function try(...)
                local text = tostring(select(2, pcall(...)) or "no error")
                said[#said + 1] = text:gsub("%(proxy.conf:%d+%)", ""):gsub("\n.*", "")
            end
            try(ngx.req.set_header, "a b", "x")
            try(ngx.req.set_header, "a")
            try(ngx.re.match, "a", "a", "!")
            try(ngx.shared.values.get, 1, "x")
            try(require)
            try(function() return require "none" end)
            try(function() ngx.req.set_header({}, "x") end)
            try(function() ngx.var.host = "x" end)
            try(function() ngx.header["a b"] = "x" end)
            try(function() return require("ngx.balancer").set_current_peer("127.0.0.1", 80) end)
            ngx.say(table.concat(said, "\n"))
        }
    }
    location /compiled {
        content_by_lua_block {
            ngx.print(next(compiled) and "some" or "none")
        }
    }
END

# Requests and what they answer, in turn.
our @kinds = (
    ['GET /t?name=box7',       "box localhost missing a\tb nil\nsome 1.5 true false nil\nf7\nnilvalue is a list\nnilempty key\n"],
    ['GET /t?name=7',          "nobody localhost missing a\tb nil\nsome 1.5 true false nil\nf7\nnilvalue is a list\nnilempty key\n"],
    ['GET /groups?name=box-8', "box-8 box - 8 nil 3\n"],
    ['GET /groups?name=a1',    "a1 a false 1 nil 3\n"],
    ['GET /errors',            <<'END'],
invalid header name "a b"
bad argument #2 to '?' (value expected)
unknown flag "!" (flags "!")
bad "zone" argument
bad argument #1 to '?' (string expected, got no value)
module 'none' not found:
content_by_lua:13: bad argument #1 to 'set_header' (string expected, got table)
content_by_lua:14: variable "host" not changeable
content_by_lua:15: invalid header name "a b"
API disabled in the context of content_by_lua*
END
    ['GET /groups?name=A',     "no match\n"],
);
our @requests = ((map { $_->[0] } @kinds) x $kRuns, 'GET /compiled');
our @answers  = ((map { $_->[1] } @kinds) x $kRuns);

run_tests();

__DATA__

=== TEST 1: compiled
--- http_config eval: $::http
--- config eval: $::handlers
--- request eval: \@::requests
--- response_body eval: [@::answers, "some"]

=== TEST 2: interpreted
--- http_config eval: $::http . 'init_worker_by_lua_block { jit.off() }'
--- config eval: $::handlers
--- request eval: \@::requests
--- response_body eval: [@::answers, "none"]
