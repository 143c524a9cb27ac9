# Lists of directories: autoindex in its four forms, what is left out, and what it must not do.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Sluice::Server;

my $long   = 'l' x 60 . '.txt';
my $server = Test::Sluice::Server->new(
    files  => { 'd/f.txt' => 'x', 'd/big' => 'b' x 20_000, 'd/k' => 'k' x 9999, "d/$long" => '', 'd/x&<y>"z.txt' => '', "d/\xc3\xa9.txt" => '',
                'd/.hidden' => 'h', 'd/a b/f' => '', 'with/index.html' => "index\n" },
    env    => { TZ => 'UTC' }, main_config => 'env TZ;',
    config => <<'END');
        root $TEST_SLUICE_HTML_DIR;
        location / { autoindex on; }
        location /off/ { alias $TEST_SLUICE_HTML_DIR/; }
        location /short/ { alias $TEST_SLUICE_HTML_DIR/; autoindex on; autoindex_exact_size off; autoindex_localtime on; }
        location /xml/ { alias $TEST_SLUICE_HTML_DIR/; autoindex on; autoindex_format xml; }
        location /json/ { alias $TEST_SLUICE_HTML_DIR/; autoindex on; autoindex_format json; }
        location /jsonp/ { alias $TEST_SLUICE_HTML_DIR/; autoindex on; autoindex_format jsonp; }
END
my $then = 1_600_000_000;  # 13 September 2020, 12:26:40 UTC
my @all  = map { $server->html_dir . "/d/$_" } 'f.txt', 'big', 'k', $long, 'x&<y>"z.txt', "\xc3\xa9.txt", 'a b';
is utime($then, $then, @all), 7, 'all files have one date';
symlink '/nowhere', $server->html_dir . '/d/broken' or die "symlink: $!\n";
$server->start;

my $page = $server->get('/d/');
is $page->status, 200, 'a list';
is $page->header('Content-Type'), 'text/html', 'in HTML';
is $page->body, join("\r\n", '<html>', '<head><title>Index of /d/</title></head>', '<body>',
    '<h1>Index of /d/</h1><hr><pre><a href="../">../</a>',
    '<a href="a%20b/">a b/</a>' . ' ' x 47 . '13-Sep-2020 12:26' . ' ' x 19 . '-',
    '<a href="big">big</a>' . ' ' x 48 . '13-Sep-2020 12:26' . ' ' x 15 . '20000',
    '<a href="f.txt">f.txt</a>' . ' ' x 46 . '13-Sep-2020 12:26' . ' ' x 19 . '1',
    '<a href="k">k</a>' . ' ' x 50 . '13-Sep-2020 12:26' . ' ' x 16 . '9999',
    "<a href=\"$long\">" . 'l' x 47 . '..&gt;</a> 13-Sep-2020 12:26' . ' ' x 19 . '0',
    '<a href="x%26%3Cy%3E%22z.txt">x&amp;&lt;y&gt;&quot;z.txt</a>' . ' ' x 40 . '13-Sep-2020 12:26' . ' ' x 19 . '0',
    "<a href=\"%C3%A9.txt\">\xc3\xa9.txt</a>" . ' ' x 46 . '13-Sep-2020 12:26' . ' ' x 19 . '0',
    '</pre><hr></body>', '</html>', ''), 'directories first, names by byte, sizes in columns; nothing hidden, no broken link';

like $server->get('/short/d/')->body, qr/>big<\/a> +13-Sep-2020 12:26     20K\r\n.*>k<\/a> +13-Sep-2020 12:26    9999\r\n/s, 'rounded sizes';
my $xml = $server->get('/xml/d/');
is $xml->header('Content-Type'), 'text/xml; charset=utf-8', 'XML';
like $xml->body, qr{^<\?xml version="1.0"\?>\r\n<list>\r\n<directory mtime="2020-09-13T12:26:40Z">a b</directory>\r\n<file mtime="2020-09-13T12:26:40Z" size="20000">big</file>}, '- its text';
like $xml->body, qr{>x&amp;&lt;y&gt;&quot;z\.txt</file>\r\n}, '- names are escaped';
my $json = $server->get('/json/d/');
is $json->header('Content-Type'), 'application/json', 'JSON';
like $json->body, qr/^\[\r\n\{ "name":"a b", "type":"directory", "mtime":"Sun, 13 Sep 2020 12:26:40 GMT" \},\r\n\{ "name":"big", "type":"file", "mtime":"Sun, 13 Sep 2020 12:26:40 GMT", "size":20000 \},/, '- its text';
like $json->body, qr/"name":"x&<y>\\"z\.txt"/, '- names are escaped';
like $server->get('/jsonp/d/?callback=my.list[0]')->body, qr/^\/\* callback \*\/\r\nmy\.list\[0\]\(\[\r\n\{.*\}\r\n\]\);$/s, 'JSONP';
like $server->get('/jsonp/d/?callback=alert(1)//')->body, qr/^\[/, '- a callback that is no name is not taken';
is $server->request(HEAD => '/d/')->status, 200, 'HEAD';

is $server->get('/with/')->body, "index\n", 'an index file comes first';
is $server->get('/off/d/')->status, 403, 'off is the default';
is $server->get('/d')->status, 301, 'a directory without its slash';
is $server->get('/none/')->status, 404, 'a directory that is not there';
is $server->request(POST => '/d/')->status, 403, 'POST gets no list';

$server->stop;
done_testing;
