# Files below a root: which file, what is refused, conditions, ranges, try_files, types.
use lib 't/lib';
use Test::Sluice 'no_plan';

run_tests();

__DATA__

=== TEST 1: a file, its fields, and HEAD
--- config
    root html;
--- user_files
>>> a.html
hello
--- request eval
["GET /a.html", "HEAD /a.html", "GET /a.html?x=y"]
--- response_headers eval
[("Content-Type: text/html\nContent-Length: 6\nAccept-Ranges: bytes") x 3]
--- response_headers_like eval
[("Last-Modified: \\w{3}, \\d\\d \\w{3} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT\nETag: \"[0-9a-f]+-6\"") x 3]
--- response_body eval
["hello\n", "", "hello\n"]



=== TEST 2: the standard root is html; an empty file; a name with a blank; UTF-8
--- config
    etag on;
--- user_files eval
[["empty.html", ""], ["a b.txt", "blank\n"], ["\xc3\xa4.txt", "utf8\n"]]
--- request eval
["GET /empty.html", "GET /a%20b.txt", "GET /%c3%a4.txt", "GET /./x/../a%20b.txt"]
--- response_body eval
["", "blank\n", "utf8\n", "blank\n"]



=== TEST 3: what is not there
--- config
    root html;
--- user_files
>>> a.txt
a
--- request eval
["GET /nothing", "GET /a.txt/b", "GET /nothing/", "GET /nothing/x", "GET /" . 'x' x 300]
--- error_code eval
[(404) x 5]
--- error_log eval
[qr{open\(\) ".*/html/nothing" failed \(2: No such file or directory\)},
 qr{open\(\) ".*/html/a.txt/b" failed \(20: Not a directory\)},
 qr{"\S*/html/nothing/index.html" is not found \(2: No such file or directory\)}]



=== TEST 4: log_not_found off
--- config
    root html;
    log_not_found off;
--- request eval
["GET /nothing", "GET /nothing/"]
--- error_code eval
[404, 404]
--- no_error_log
[error]



=== TEST 5: methods
--- config
    root html;
--- user_files
>>> a.txt
a
>>> index.html
index
--- request eval
["POST /a.txt\nbody", "PUT /a.txt\nbody", "DELETE /nothing", "POST /nothing\nbody", "OPTIONS /a.txt", "POST /\nbody", "PUT /\nbody"]
--- error_code eval
[405, 405, 405, 404, 405, 405, 405]



=== TEST 6: directories
--- config
    root html;
    index first.html index.html;
    location /quiet/ { index nothing.html; }
--- user_files
>>> index.html
index
>>> dir/index.html
dir index
>>> dir/sub/first.html
first
>>> dir/sub/index.html
second
>>> quiet/a.txt
a
--- request eval
["GET /", "GET /dir/", "GET /dir/sub/", "GET /dir", "GET /dir?x=y", "GET /quiet/", "GET /dir/?x=y"]
--- error_code eval
[200, 200, 200, 301, 301, 403, 200]
--- response_headers eval
["", "", "", "Location: http://localhost:\$TEST_SLUICE_PORT/dir/", "Location: http://localhost:\$TEST_SLUICE_PORT/dir/?x=y", "", ""]
--- response_body eval
["index\n", "dir index\n", "first\n", qr/301 Moved/, qr/301 Moved/, qr/403 Forbidden/, "dir index\n"]
--- error_log eval
[qr{directory index of "\S*/html/quiet/" is forbidden}]



=== TEST 7: the index is another location's business
--- config
    root html;
    location ~ \.php$ { return 200 "php $uri $args\n"; }
    location /app/ { index $arg_i index.php; }
--- user_files
>>> app/index.php
code
>>> app/x.html
x
--- request eval
["GET /app/?i=none", "GET /app/?i=x.html"]
--- response_body eval
["php /app/index.php i=none\n", "x\n"]



=== TEST 8: an absolute index
--- config
    root html;
    location /dir/ { index nothing.html /fallback; }
    location = /fallback { return 200 "fallback $uri $args\n"; }
--- user_files
>>> dir/a
a
--- request
GET /dir/?a=b
--- response_body
fallback /fallback a=b



=== TEST 9: alias
--- config
    location /one/ { alias html/a/; }
    location /two { alias html/b; }
    location = /exact { alias html/a/file.txt; }
    location ~ ^/users/(\w+)\.txt$ { alias html/$1/file.txt; }
    location ^~ /keep/ { alias html/a/; location /keep/deep/ { } }
--- user_files
>>> a/file.txt
a
>>> a/deep/file.txt
deep
>>> b/file.txt
b
>>> c/index.html
c
--- request eval
["GET /one/file.txt", "GET /two/file.txt", "GET /exact", "GET /users/b.txt", "GET /keep/deep/file.txt", "GET /two", "GET /one/deep/../file.txt"]
--- error_code eval
[200, 200, 200, 200, 200, 301, 200]
--- response_body eval
["a\n", "b\n", "a\n", "b\n", "deep\n", qr/301/, "a\n"]



=== TEST 10: the trap of an alias with a slash at its end does not lead out of it
--- config
    location /a { alias html/pub/; }
--- user_files
>>> secret.txt
secret
>>> pub/x.txt
x
--- request eval
["GET /a../secret.txt", "GET /ax.txt"]
--- error_code eval
[403, 200]
--- response_body eval
[qr/403 Forbidden/, "x\n"]
--- error_log
leaves its root by ".."



=== TEST 11: root with variables; root is inherited, the last block's counts
--- config
    root html/$arg_site;
    location /own/ { root html/two; }
--- user_files
>>> one/a.txt
one
>>> two/a.txt
two
>>> two/own/a.txt
own
>>> secret.txt
secret
--- request eval
["GET /a.txt?site=one", "GET /a.txt?site=two", "GET /own/a.txt?site=one",
 "GET /secret.txt?site=one/..", "GET /secret.txt?site=..%2Fhtml", "GET /secret.txt?site=../html", "GET /secret.txt?site=.."]
--- error_code eval
[200, 200, 200, 403, 404, 403, 403]
--- response_body eval
["one\n", "two\n", "own\n", (qr/40[34]/) x 4]
--- error_log
leaves its root by ".."



=== TEST 12: variables
--- config
    location /r { root html; return 200 "$document_root $request_filename\n"; }
    location /a/ { alias html/x/; return 200 "$document_root $request_filename\n"; }
    location /real { root $TEST_SLUICE_HTML_DIR/../html; return 200 "$realpath_root\n"; }
--- request eval
["GET /r/f.txt", "GET /a/f.txt", "GET /real"]
--- response_body_like eval
["^/\\S+/html /\\S+/html/r/f.txt\$", "^/\\S+/html/x/ /\\S+/html/x/f.txt\$", "^\\S+/html\$"]



=== TEST 13: try_files
--- config
    root html;
    try_files $uri =404;
    location / { try_files $uri $uri/ /fallback?from=$uri; }
    location = /fallback { return 200 "fallback $arg_from [$args]\n"; }
    location /code/ { try_files $uri =418; }
    location /named/ { try_files $uri @named; }
    location @named { return 200 "named $uri $args\n"; }
    location /fixed/ { try_files /a.txt =404; }
    location /nowhere/ { try_files $uri @nowhere; }
--- user_files
>>> a.txt
a
>>> dir/index.html
index
--- request eval
["GET /a.txt", "GET /dir/", "GET /x?y=z", "GET /code/x", "GET /named/x?y=z", "GET /fixed/anything", "GET /dir", "GET /nowhere/x"]
--- error_code eval
[200, 200, 200, 418, 200, 200, 301, 500]
--- response_body eval
["a\n", "index\n", "fallback /x [from=/x]\n", qr/418/, "named /named/x y=z\n", "a\n", qr/301/, qr/500/]
--- error_log
could not find named location "@nowhere"



=== TEST 14: try_files with alias
--- config
    location /x/ { alias html/real/; try_files $uri $uri.html =404; }
    location ~ ^/p/(.*)$ { alias html/real/; header_filter_by_lua_block { ngx.header["X-File"] = ngx.var.request_filename } try_files $1 =404; }
--- user_files
>>> real/a.txt
a
>>> real/b.html
b
--- request eval
["GET /x/a.txt", "GET /x/b", "GET /x/c", "GET /p/a.txt"]
--- error_code eval
[200, 200, 404, 200]
--- response_body eval
["a\n", "b\n", qr/404/, "a\n"]
--- response_headers eval
[("") x 3, "X-File: \$TEST_SLUICE_HTML_DIR/real/a.txt"]



=== TEST 15: try_files does not lead out of the root
--- config
    root html/pub;
    location / { try_files /$arg_f =404; }
--- user_files
>>> secret.txt
secret
>>> pub/x.txt
x
--- request eval
["GET /?f=../secret.txt", "GET /?f=x.txt"]
--- error_code eval
[404, 200]



=== TEST 16: a loop of try_files ends
--- config
    root html;
    location / { try_files $uri /nothing; }
--- request
GET /x
--- error_code: 500
--- error_log
rewrite or internal redirection cycle while processing "/nothing"



=== TEST 17: types
--- http_config
    types { text/one one; text/two two TOO; }
    default_type text/default;
--- config
    root html;
    location /own/ { types { text/own one; } }
--- user_files
>>> a.one
>>> a.two
>>> a.TOO
>>> a.x
>>> .one
>>> a
>>> own/a.one
>>> own/a.two
x
--- request eval
[map { "GET /$_" } qw(a.one a.two a.TOO a.x .one a own/a.one own/a.two)]
--- response_headers eval
[map { "Content-Type: text/$_" } qw(one two two default default default own default)]



=== TEST 18: include mime.types
--- http_config eval
use Cwd qw(abs_path);
"include " . abs_path('conf/mime.types') . ";\ndefault_type application/octet-stream;\n"
--- config
    root html;
--- user_files
>>> a.html
>>> a.js
>>> a.css
>>> a.svg
>>> a.woff2
>>> a.mp4
>>> a.unknown
x
--- request eval
[map { "GET /a.$_" } qw(html js css svg woff2 mp4 unknown)]
--- response_headers eval
[map { "Content-Type: $_" } qw(text/html application/javascript text/css image/svg+xml font/woff2 video/mp4 application/octet-stream)]



=== TEST 19: conditions
--- config
    root html;
    location /before { alias html/a.txt; if_modified_since before; }
    location /off { alias html/a.txt; if_modified_since off; }
    location /noetag { alias html/a.txt; etag off; }
--- user_files
>>> a.txt
12345
--- init
utime 784111777, 784111777, '$TEST_SLUICE_HTML_DIR/a.txt';
--- request eval
[("GET /a.txt") x 18, "GET /before", "GET /before", "GET /off", "GET /noetag"]
--- more_headers eval
my $date = "Sun, 06 Nov 1994 08:49:37 GMT";
my $later = "Sun, 06 Nov 1994 08:49:38 GMT";
my $earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
[ "If-Modified-Since: $date", "If-Modified-Since: $later", "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT",
  "If-Modified-Since: Sun Nov  6 08:49:37 1994", "If-Modified-Since: nonsense",
  'If-None-Match: "2ebc98a1-6"', 'If-None-Match: W/"2ebc98a1-6"', 'If-None-Match: "x", "2ebc98a1-6"', 'If-None-Match: *', 'If-None-Match: "x"',
  'If-Match: "2ebc98a1-6"', 'If-Match: W/"2ebc98a1-6"', 'If-Match: "x"', 'If-Match: *',
  "If-Unmodified-Since: $date", "If-Unmodified-Since: $earlier", "If-Modified-Since: $date\nIf-None-Match: \"x\"",
  "If-None-Match: \"2ebc98a1-6\"\nIf-Modified-Since: $later",
  "If-Modified-Since: $later", "If-Modified-Since: $earlier", "If-Modified-Since: $date", 'If-None-Match: "2ebc98a1-6"' ]
--- error_code eval
[304, 200, 304, 304, 200, 304, 304, 304, 304, 200, 200, 412, 412, 200, 200, 412, 200, 200, 304, 200, 200, 200]



=== TEST 20: a 304 has its validators and no body
--- config
    root html;
--- user_files
>>> a.txt
12345
--- init
utime 784111777, 784111777, '$TEST_SLUICE_HTML_DIR/a.txt';
--- request
GET /a.txt
--- more_headers
If-None-Match: *
--- error_code: 304
--- response_headers
Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT
ETag: "2ebc98a1-6"
!Content-Type
!Content-Length
!Accept-Ranges
--- response_body



=== TEST 21: one range
--- config
    root html;
    location /none { alias html/a.txt; max_ranges 0; }
--- user_files eval
[["a.txt", "0123456789"]]
--- init
utime 784111777, 784111777, '$TEST_SLUICE_HTML_DIR/a.txt';
--- request eval
[("GET /a.txt") x 12, "GET /none", "HEAD /a.txt"]
--- more_headers eval
[map { "Range: $_" } 'bytes=0-0', 'bytes=2-4', 'bytes=5-', 'bytes=-3', 'bytes=8-100', 'bytes=-100', 'bytes=10-', 'bytes=x', 'items=1-2',
  'BYTES= 1 - 2 ', 'bytes=5-2', 'bytes=-0', 'bytes=0-0', 'bytes=2-4']
--- error_code eval
[206, 206, 206, 206, 206, 206, 416, 416, 200, 206, 416, 416, 200, 206]
--- response_headers eval
["Content-Range: bytes 0-0/10", "Content-Range: bytes 2-4/10\nContent-Length: 3\n!Accept-Ranges", "Content-Range: bytes 5-9/10",
 "Content-Range: bytes 7-9/10", "Content-Range: bytes 8-9/10", "Content-Range: bytes 0-9/10", "Content-Range: bytes */10",
 "Content-Range: bytes */10", "!Content-Range\nAccept-Ranges: bytes", "Content-Range: bytes 1-2/10", "Content-Range: bytes */10",
 "Content-Range: bytes */10", "!Content-Range\n!Accept-Ranges", "Content-Range: bytes 2-4/10\nContent-Length: 3"]
--- response_body eval
["0", "234", "56789", "789", "89", "0123456789", qr/416/, qr/416/, "0123456789", "12", qr/416/, qr/416/, "0123456789", ""]



=== TEST 22: several ranges
--- config
    root html;
    location /two { alias html/a.txt; max_ranges 2; }
--- user_files eval
[["a.txt", "0123456789"]]
--- init
utime 784111777, 784111777, '$TEST_SLUICE_HTML_DIR/a.txt';
--- request eval
["GET /a.txt", "GET /a.txt", "GET /a.txt", "GET /two", "GET /two"]
--- more_headers eval
[map { "Range: $_" } 'bytes=0-1, 5-6,-1', 'bytes=0-8,1-9', 'bytes=1-2,20-', 'bytes=0-0,2-2', 'bytes=0-0,2-2,4-4']
--- error_code eval
[206, 200, 206, 206, 200]
--- response_headers_like eval
["Content-Type: multipart/byteranges; boundary=\\d{20}", "Content-Type: text/plain", "Content-Type: text/plain\nContent-Range: bytes 1-2/10",
 "Content-Type: multipart/byteranges; boundary=\\d{20}", "Content-Length: 10"]
--- response_body eval
[qr{\A\r\n--(\d{20})\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n--\1\r\nContent-Type: text/plain\r\nContent-Range: bytes 5-6/10\r\n\r\n56\r\n--\1\r\nContent-Type: text/plain\r\nContent-Range: bytes 9-9/10\r\n\r\n9\r\n--\1--\r\n\z},
 "0123456789", "12", qr/Content-Range: bytes 2-2/, "0123456789"]



=== TEST 23: If-Range
--- config
    root html;
--- user_files eval
[["a.txt", "0123456789"]]
--- init
utime 784111777, 784111777, '$TEST_SLUICE_HTML_DIR/a.txt';
--- request eval
[("GET /a.txt") x 5]
--- more_headers eval
[map { "Range: bytes=1-2\nIf-Range: $_" } '"2ebc98a1-a"', '"x"', 'Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:38 GMT', 'W/"2ebc98a1-a"']
--- error_code eval
[206, 200, 206, 200, 200]



=== TEST 24: error pages are files; conditions and ranges do not touch them
--- config
    root html;
    error_page 404 /404.html;
    error_page 403 = /404.html;
--- user_files
>>> 404.html
lost
>>> dir/x
x
--- request eval
["GET /nothing", "GET /nothing", "GET /nothing", "POST /nothing\nx"]
--- more_headers eval
["", "If-None-Match: *", "Range: bytes=0-1", ""]
--- error_code eval
[(404) x 4]
--- response_body eval
[("lost\n") x 4]



=== TEST 25: a location whose content is made by another handler is none of ours
--- config
    root html;
    location /api/ { proxy_pass http://127.0.0.1:$TEST_SLUICE_ORIGIN_PORT; }
    location /text { return 200 "text\n"; }
--- request eval
["GET /api/x", "GET /text"]
--- response_body eval
[qr{^GET /api/x}, "text\n"]



=== TEST 26: accepted for nginx's sake
--- http_config
    open_file_cache max=1000 inactive=20s;
    open_file_cache_valid 30s;
    open_file_cache_min_uses 2;
    open_file_cache_errors on;
    types_hash_max_size 2048;
    types_hash_bucket_size 128;
    static_cache off;
    autoindex off;
    disable_symlinks off;
--- config
    root html;
--- user_files
>>> a.txt
a
--- request eval
["GET /a.txt", "GET /a.txt"]
--- response_body eval
["a\n", "a\n"]



=== TEST 27: autoindex_format that is none
--- config
    autoindex_format yaml;
--- must_die
--- error_log
invalid value "yaml" in



=== TEST 28: root twice
--- config
    root a;
    root b;
--- must_die
--- error_log
"root" directive is duplicate in



=== TEST 29: root and alias
--- config
    location /a { root a; alias b; }
--- must_die
--- error_log
"alias" directive is duplicate, "root" directive was specified earlier in



=== TEST 30: alias in a named location
--- config
    location @a { alias b; }
--- must_die
--- error_log
the "alias" directive cannot be used inside the named location in



=== TEST 31: $document_root in a root
--- config
    root $document_root/x;
--- must_die
--- error_log
the $document_root variable cannot be used in the "root" directive in



=== TEST 32: an impossible code
--- config
    try_files $uri =1000;
--- must_die
--- error_log
invalid code "=1000" in



=== TEST 33: an extension twice: the last counts
--- config
    types { text/a x; text/b x; }
    root html;
--- user_files
>>> f.x
x
--- request
GET /f.x
--- response_headers
Content-Type: text/b



=== TEST 34: captures in an alias do not lead out of it
--- config
    location ~ ^/u(.*)$ { alias html/u/$1; }
    location ~ ^/v(.*)$ { alias html/v$1; }
    location ~ ^/w/(.*)$ { alias $arg_base/$1; }
--- user_files
>>> secret.txt
secret
>>> u/x.txt
x
>>> v1/x.txt
v
--- request eval
["GET /u../secret.txt", "GET /ux.txt", "GET /v1/x.txt", "GET /w/x.txt?base=html/u", "GET /w/secret.txt?base=html/u/.."]
--- error_code eval
[403, 200, 200, 200, 403]
--- response_body eval
[qr/403/, "x\n", "v\n", "x\n", qr/403/]
--- error_log
leaves its root by ".."



=== TEST 35: an index with variables is looked for below the root only
--- config
    root html/pub;
    location /dir/ { index $arg_i last.html; }
--- user_files
>>> secret.txt
secret
>>> pub/dir/x.html
x
>>> pub/dir/last.html
last
--- request eval
["GET /dir/?i=x.html", "GET /dir/?i=nothing", "GET /dir/?i=../../secret.txt", "GET /dir/?i=../../nothing"]
--- error_code eval
[200, 200, 403, 403]
--- response_body eval
["x\n", "last\n", qr/403/, qr/403/]
--- error_log
leaves its root by ".."



=== TEST 36: the whole file system
--- config
    location /alias/ { alias /; }
    location / { root /; }
--- user_files
>>> a.txt
a
--- request eval
["GET /alias\$TEST_SLUICE_HTML_DIR/a.txt", "GET \$TEST_SLUICE_HTML_DIR/a.txt"]
--- response_body eval
["a\n", "a\n"]



=== TEST 37: a date that does not exist is unreadable
--- config
    root html;
--- user_files
>>> leap.txt
>>> march.txt
x
--- init
utime 951830617, 951830617, '$TEST_SLUICE_HTML_DIR/leap.txt';
utime 762684577, 762684577, '$TEST_SLUICE_HTML_DIR/march.txt';
--- request eval
["GET /leap.txt", "GET /march.txt", "GET /march.txt", "GET /march.txt"]
--- more_headers eval
[map { "If-Modified-Since: $_" } "Tue, 29 Feb 2000 13:23:37 GMT", "Thu, 03 Mar 1994 08:49:37 GMT", "Thu, 31 Feb 1994 08:49:37 GMT",
 "Thu Feb 31 08:49:37 1994"]
--- error_code eval
[304, 304, 200, 200]
