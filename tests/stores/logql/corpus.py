"""Queries for the grammar: those that both our parser and `@grafana/lezer-logql` take, those that both refuse, and those
about which they differ on purpose, each with the reason. One a line; a ⏎ stands for a line break.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]


def shipped() -> list[str]:
    """The queries of our dashboard, alerts and documentation, Grafana's variables filled in."""
    found = []
    dashboard = json.loads((ROOT / "collector/grafana/dashboards/aegisx.json").read_text())
    found += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = yaml.safe_load((ROOT / "collector/grafana/provisioning/alerting/rules.yaml").read_text())
    found += [rule["data"][0]["model"]["expr"] for group in rules["groups"] for rule in group["rules"]]
    for name, value in {"$__range": "1h", "$__auto": "5m"}.items():
        found = [query.replace(name, value) for query in found]
    return [re.sub(r"\$\w+", ".+", query) for query in found]


PAGE = r"""
{service="aegisx-api"}
{service="aegisx-api", level="error"}
{service="aegisx-api"} | json | method="POST"
{service="aegisx-api", complianceLevel="HIPAA"} |= "AUDIT:"
{service="aegisx-api"} |~ "(?i)(auth|login|logout)"
{service="aegisx-api"} | json | responseTime > 1000
{service="aegisx-api"} | json | correlationId="your-correlation-id-here"
{service="aegisx-api"} | json | correlationId="30da77f5-faef-490b-9218-1db2628d4764"
rate({service="aegisx-api", level="error"}[5m])
sum by (statusCode) (count_over_time({service="aegisx-api"} | json | __error__="" [1h]))
topk(5, sum by (errorMessage) (count_over_time({service="aegisx-api", level="error"} | json | __error__="" [1h])))
rate({service="aegisx-api"} |= "HTTP Request Completed" [5m])
sum by (level) (count_over_time({service="aegisx-api"} | json [1h]))
rate({service="aegisx-api", level="error"}[5m]) > 0.1
absent_over_time({service="aegisx-api", complianceLevel="HIPAA"}[10m])
absent_over_time({complianceLevel="HIPAA"}[10m])
rate({service="aegisx-api"}[5m]) > 100
"""

# In the forms that Loki's documentation, blogs, dashboards and questions on the web use.
TAKEN = r"""
{app="mysql",name="mysql-backup"}
{name =~ "mysql.+"}
{name !~ "mysql.+", job="a"}
{name !~ `mysql-\d+`, job="a"}
{name=~"(?s)mysql.+"}
{env="prod", region!="eu", pod=~"web-.*", host!~"old.*"}
{job="varlogs"}
{ job = "varlogs" , host = "a" }
{job=`varlogs`}
({job="varlogs"})
(({job="varlogs"} |= "x"))
{_private="x"}
{a:b="c"}
{by="x"}
{and="x"}
{or="x", unless="y"}
{ip="x"}
{rate="x", sum="y", count_over_time="z"}
{job="a\"b"}
{job="a\\b\n\t\x41\u00e9\U0001F600\101"}
{job="ünïcödé"}
{job="mysql"} |= "error"
{job="mysql"} |= `error`
{job="mysql"}|="error"
{job="mysql"} != "kafka.server:type=ReplicaManager"
{instance=~"kafka-[23]",name="kafka"} != "kafka.server:type=ReplicaManager"
{name="kafka"} |~ "tsdb-ops.*io:2003"
{name="cassandra"} |~ `error=\w+`
{job="mysql"} |= "error" != "timeout"
{job="mysql"} |= "error" |= "mysql" != "timeout" !~ "debug.*"
{job="mysql"} |= "error" or "fatal"
{job="mysql"} |= "error" or "fatal" or `panic`
{job="mysql"} |~ "err.*" or "fat.*"
{job="mysql"} != "error" or "fatal"
{job="mysql"} !~ "error" or "fatal"
{job="mysql"} |= ""
{job="mysql"} |~ "(?i)error"
{job="mysql"} |= "x" | json
{job="mysql"} |= "x"⏎| json⏎| level="error"
{job="mysql"} # comment
{job="mysql"} # comment⏎|= "error" # another⏎| json
# first⏎{job="mysql"}
{job="mysql"} |> "<_> level=debug <_>"
{job="mysql"} !> "<_> level=debug <_>"
{job="mysql"} |> "<_>a<_>" or "<_>b<_>"
{job_name="myapp"} |= ip("192.168.4.5/16")
{job_name="myapp"} != ip("192.168.4.5-192.168.4.20")
{job_name="myapp"} |= ip("192.168.4.5") or "x"
{job_name="myapp"} |= ip("2001:db8::/32")
{job_name="myapp"} | logfmt | addr = ip("192.168.4.5/16") | addr != ip("192.168.4.2")
{job_name="myapp"} | logfmt | addr = ip("192.168.4.5/16") or addr = ip("10.0.0.0/8")
{job="example"} | decolorize
{job="a"} | json
{job="a"} | JSON
{job="a"} | json | line_format "{{.message}}"
{job="a"} | json first_server="servers[0]", ua="request.headers[\"User-Agent\"]"
{job="a"} | json server_list="servers", headers="request.headers"
{job="a"} | json servers
{job="a"} | json servers, ua="request.headers"
{job="a"} | logfmt
{job="a"} | logfmt host, fwd_ip="fwd"
{job="a"} | logfmt --strict
{job="a"} | logfmt --strict host, fwd_ip="fwd"
{job="a"} | logfmt --keep-empty --strict host
{job="a"} | logfmt --keep-empty
{job="a"} | logfmt --strict --strict
{job="a"} | pattern "<ip> - - <_> \"<method> <uri> <_>\" <status> <size> <_> \"<agent>\" <_>"
{job="a"} | pattern `<_> msg="<method> <path> (<status>) <latency>"`
{job="a"} | regexp "(?P<method>\\w+) (?P<path>[\\w|/]+) \\((?P<status>\\d+?)\\) (?P<duration>.*)"
{job="a"} | regexp `(?P<ip>\d+\.\d+\.\d+\.\d+)`
{job="a"} | unpack
{job="a"} | unpack | json
{container="query-frontend",namespace="loki-dev"} |= "metrics.go" | logfmt | duration > 10s and throughput_mb < 500
{cluster="ops-tools1", namespace="loki-dev"} |= "metrics.go" != "out of order" | logfmt | duration > 30s or status_code != "200"
{job="a"} | logfmt | duration > 1m and bytes_consumed > 20MB
{job="a"} | logfmt | duration >= 20ms or size == 20KB and method!~"2.."
{job="a"} | logfmt | duration >= 20ms or size == 20KB | method!~"2.."
{job="a"} | logfmt | duration >= 20ms or size == 20KB , method!~"2.."
{job="a"} | logfmt | duration >= 20ms or method="GET" and size <= 20KB
{job="a"} | logfmt | ((duration >= 20ms or method="GET") and size <= 20KB)
{job="a"} | logfmt | duration >= 20ms or (method="GET" and size <= 20KB)
{job="a"} | x=5
{job="a"} | x==5
{job="a"} | x!=5
{job="a"} | x>=5 | y<=6 | z==7 | w!=8 | v<9
{job="a"} | x>-5
{job="a"} | x>+5
{job="a"} | x>-5m
{job="a"} | x>5.5
{job="a"} | x>1e3
{job="a"} | x>0x1F
{job="a"} | x>5B
{job="a"} | x>5kB
{job="a"} | x>5KB
{job="a"} | x>5.5KB
{job="a"} | x>5KiB
{job="a"} | x>=1.5MiB
{job="a"} | x<1GB
{job="a"} | x<1GiB
{job="a"} | x<1TB
{job="a"} | x<1TiB
{job="a"} | x>1.5h
{job="a"} | x>1h30m
{job="a"} | x>10us
{job="a"} | x>10µs
{job="a"} | x>10ns
{job="a"} | x>1d
{job="a"} | x="1" and y="2"
{job="a"} | x="1" AND y="2"
{job="a"} | x="1" OR y="2"
{job="a"} | x="1", y="2", z=~"3.*"
{job="a"} | (x="1" or y="2") and z=3
{job="a"} | ((x="1"))
{job="a"} | and="b"
{job="a"} | or="b"
{job="a"} | bytes > 5KB
{job="a"} | duration > 5s
{job="a"} | rate="b"
{job="a"} | __error__=""
{job="a"} | json | __error__="" | status >= 400
{job="a"} | json | __error__!="JSONParserErr"
{job="a"} | json | __error__=~"JSON.*"
{job="a"} | line_format "{{.ip}} {{.status}} {{div .duration 1000}}"
{job="a"} | Line_Format "x"
{job="a"} | logfmt | line_format "{{.query}} {{.duration}}"
{job="a"} | line_format `{{ __line__ | lower }}`
{job="a"} | line_format `{{ .path | replace " " "_" | trunc 5 | upper }}`
{job="a"} | line_format `{{ if contains "ErrTimeout" .err }}timeout{{else if contains "he" "hello"}}yes{{else}}no{{end}}`
{job="a"} | line_format `{{ range $q := fromJson .queries }} {{ $q.query }} {{ end }}`
{job="a"} | line_format `from="{{date "2006-01-02" (unixToTime .from)}}"`
{job="a"} | line_format "{{ printf \"%-40.40s\" .request_uri }} {{ printf \"%-5.5s\" .request_method }}"
{job="a"} | label_format foo=bar
{job="a"} | label_format foo=bar,new="{{.status}} {{.query}}"
{job="a"} | label_format query="{{ Replace .query \"\\n\" \"\" -1 }}"
{job="a"} | label_format nowEpoch=`{{(unixEpoch now)}}`,createDateEpoch=`{{unixEpoch (toDate "2006-01-02" .createDate)}}`
{job="a"} | label_format dateTimeDiff=`{{sub .nowEpoch .createDateEpoch}}` | dateTimeDiff > 86400
{job="a"} | json | drop level, method="GET"
{job="a"} | json | drop level, path, app=~"some-api.*"
{job="a"} | json | drop __error__
{job="a"} | json | keep level, method="GET"
{job="a"} | json | keep level, tenant, app=~"some-api.*"
{job="a"} | keep x
{job="a"} | json | line_format "{{.x}}" |= "y" | logfmt
{job="a"} | json a="b", c="d" | e="f" | line_format "{{.a}}" | label_format g=h
{job="security"} |~ "Invalid user.*" | regexp "(^(?P<user>\\S+ {1,2}){8})" | regexp "(^(?P<ip>\\S+ {1,2}){10})" | line_format "IP = {{.ip}}\tUSER = {{.user}}"
{job="security"} != "grafana_com" |= "session opened" != "sudo: " |regexp "(^(?P<user>\\S+ {1,2}){11})" | line_format "USER = {{.user}}"
{job="loki-ops/query-frontend"} | logfmt | line_format "{{.msg}}" | regexp "(?P<method>\\w+) (?P<path>[\\w|/]+) \\((?P<status>\\d+?)\\) (?P<duration>.*)"
{namespace="ingress"} | json | status=~"5.." | line_format "{{.method}} {{.uri}} {{.status}}"
{app="nginx"} | pattern `<_> - - <_> "<method> <path> <_>" <status> <_> <_> "<_>" <_>` | status >= 500
{app="api"} | json | latency_seconds > 1 and path!~"/health.*"
{compose_service="web"} |= "GET" != "/metrics" | regexp `(?P<code>\d{3})$` | code >= 400
{filename="/var/log/syslog"} |~ "(?i)(fail|error|denied)"
{unit="sshd.service"} |= "Failed password" | pattern "<_> from <ip> port <_>"
{namespace="prod", container!~"istio-.*"} | json | trace_id="abc123"
count_over_time({job="mysql"}[5m])
count_over_time({job="mysql"}[1h30m])
count_over_time({job="mysql"}[1.5h])
count_over_time({job="mysql"}[1d])
count_over_time({job="mysql"}[1w])
rate({job="mysql"} |= "error" != "timeout" [10s])
rate({job="mysql"}[5m] |= "error")
rate({job="mysql"}[5m] | json | status="500")
rate(({job="mysql"} |= "error")[5m])
rate(({job="mysql"} |= "error" [5m]))
rate((({job="mysql"} |= "error" [5m])))
rate(({job="mysql"})[5m])
count_over_time({job="mysql"}[5m] offset 5m)
count_over_time({job="mysql"}[5m] offset -5m)
count_over_time({job="mysql"} |= "x" [5m] offset 1h)
count_over_time({job="mysql"}[5m] offset 5m |= "x")
bytes_rate({job="mysql"}[1m])
bytes_over_time({job="mysql"}[1m])
sum(bytes_over_time({job=~".+"}[1h])) by (job)
bytes_over_time({job="mysql"}[5m]) * 8
absent_over_time({job="mysql"}[5m])
absent_over_time({job="mysql"} |= "x" [5m])
sum by (host) (rate({job="mysql"} |= "error" != "timeout" | json | duration > 10s [1m]))
sum(rate({job="mysql"}[5m]))
sum(rate({job="mysql"}[5m])) by (level)
sum(rate({job="mysql"}[5m])) without (level)
sum by (level) (rate({job="mysql"}[5m]))
sum by (level, service) (rate({job="mysql"}[5m]))
sum without (pod, host) (rate({job="mysql"}[5m]))
sum by () (rate({job="mysql"}[5m]))
SUM(rate({job="mysql"}[5m]))
sum BY (level) (rate({job="mysql"}[5m]))
sum by (sum) (rate({job="mysql"}[5m]))
sum by (and) (rate({job="mysql"}[5m]))
avg(rate(({job="nginx"} |= "GET" | json | path="/home")[10s])) by (region)
min(rate({job="mysql"}[5m]))
max(rate({job="mysql"}[5m])) by (host)
count(rate({job="mysql"}[5m]))
count(count_over_time({job="mysql"} | json [1h])) by (user)
stddev(rate({job="mysql"}[5m])) by (a) / avg(rate({job="mysql"}[5m])) by (a)
stdvar(rate({job="mysql"}[5m]))
topk(10,sum(rate({region="us-east1"}[5m])) by (name))
topk(5, rate({job="mysql"}[5m])) by (host)
topk by (host) (5, rate({job="mysql"}[5m]))
bottomk(3, sum by (path) (count_over_time({job="nginx"} | json [1h])))
approx_topk(10, sum by (host) (rate({job="mysql"}[5m])))
sort(sum by (host) (rate({job="mysql"}[5m])))
sort_desc(sum by (host) (rate({job="mysql"}[5m])))
sum(count_over_time({job="mysql"}[5m])) by (level)
sum(sum by (a) (rate({job="mysql"}[5m])))
sum(vector(1))
sum_over_time({job="a"} | json | unwrap size [5m])
sum_over_time({job="a"} | json | unwrap bytes(size) [5m])
avg_over_time({job="a"} | json | unwrap latency [5m]) by (path)
avg_over_time({job="a"} | logfmt | unwrap duration(latency) [5m]) by (path)
avg_over_time({job="a"} | logfmt | unwrap duration_seconds(latency) [5m]) without (path)
avg_over_time(({job="a"} | unwrap latency)[5m])
avg_over_time(({job="a"} | json | unwrap latency [5m]))
avg_over_time(({job="a"})[5m] | unwrap latency)
max_over_time({job="a"} | json | unwrap latency | __error__="" [5m])
max_over_time({job="a"} | json | unwrap latency | __error__="" | path="/" [5m]) by (path)
min_over_time({job="a"}[5m] | json | unwrap latency)
min_over_time({job="a"}[5m] | json | unwrap latency | y > 3)
min_over_time({job="a"}[5m] offset 5m | unwrap latency)
first_over_time({job="a"} | json | unwrap latency [5m])
last_over_time({job="a"} | json | unwrap latency [5m]) by (host)
stddev_over_time({job="a"} | json | unwrap latency [5m])
stdvar_over_time({job="a"} | json | unwrap latency [5m]) by (host)
quantile_over_time(0.99, {cluster="ops-tools1",container="ingress-nginx"} | json | __error__ = "" | unwrap request_time [1m]) by (path)
quantile_over_time(0.5, {job="a"} | logfmt | unwrap latency [5m])
quantile_over_time(1, {job="a"} | logfmt | unwrap latency [5m]) without (host)
rate({job="a"} | json | unwrap size [5m])
rate_counter({job="a"} | json | unwrap total [5m])
absent_over_time({job="a"} | json | unwrap total [5m])
sum by (org_id) (sum_over_time({cluster="ops-tools1",container="loki-dev"} |= "metrics.go" | logfmt | unwrap bytes_processed [1m]))
max without (a) (max_over_time({job="a"} | logfmt | unwrap duration(x) [1m]) by (a, b))
sum(rate({app="foo", level="error"}[1m])) / sum(rate({app="foo"}[1m]))
sum(rate({app="foo"} |= "error" [1m])) by (app) / sum(rate({app="foo"}[1m])) by (app) * 100
sum(rate({app="foo"} |= "x" [1m])) > 10
sum(rate({app="foo"} |= "x" [1m])) > bool 10
sum(rate({app="foo"}[1m])) >= 1 and sum(rate({app="foo"}[1m])) <= 10
sum by(app) (count_over_time({app="foo"}[1m])) == 1
sum by(app) (count_over_time({app="foo"}[1m])) != 1
sum by(app, machine) (count_over_time({app="foo"}[1m])) < 1
sum(count_over_time({namespace="traefik"}[5m])) or vector(0)
count_over_time({job="a"}[5m]) unless count_over_time({job="b"}[5m])
count_over_time({job="a"}[5m]) and count_over_time({job="c"}[5m]) or vector(0)
max by (machine) (count_over_time({app="foo"}[1m])) > bool ignoring(machine) avg(count_over_time({app="foo"}[1m]))
sum by (machine) (count_over_time({app="foo"}[1m])) > bool on () count_over_time({app="bar"}[1m])
sum by (app, host) (rate({a="b"}[1m])) / on(app) group_left() sum by (app) (rate({a="b"}[1m]))
sum by (app, host) (rate({a="b"}[1m])) / on(app) group_left sum by (app) (rate({a="b"}[1m]))
sum by (app) (rate({a="b"}[1m])) * on(app) group_right(team) sum by (app, host) (rate({a="b"}[1m]))
sum by (app) (rate({a="b"}[1m])) * ignoring(app,) group_left(team,) sum by (host) (rate({a="b"}[1m]))
rate({a="b"}[5m]) and on() rate({a="b"}[5m])
rate({a="b"}[5m]) + on(x) group_left(y) (rate({a="b"}[5m]))
rate({a="b"}[5m]) == rate({a="b"}[5m]) != 3
rate({a="b"}[5m]) % 2 ^ 3
label_replace(rate({job="api-server",service="a:c"} |= "err" [1m]), "foo", "$1", "service", "(.*):.*")
label_replace(sum by (a) (rate({a="b"}[5m])), "c", "${1}x", "a", `(\w+)`)
vector(1)
vector(0.5)
vector (1)
1
-1
+1
1.5e3
1E-5
0x1F
.5
5.
1+1
1 -1
1--1
1 + -1
((1))
(1) + (2)
1 == 1
1 == bool 1
2^3^2
1 % 2
"""

REFUSED = r"""
{}
{a="b",}
{,a="b"}
{a="b",,c="d"}
{a="b" c="d"}
{a=="b"}
{a>"b"}
{a=b}
{a='b'}
{a="b
{a="b"
{a="b"}}
a="b"
{a.b="c"}
{a-b="c"}
{5a="c"}
{é="c"}
{"a"="c"}
{json="b"}
{on="x"}
{a="b"} "x"
{a="b"} = "x"
{a="b"} |== "x"
{a="b"} || json
{a="b"} |
{a="b"} |= x
{a="b"} |= 5
{a="b"} |=
{a="b"} |= "y" or
{a="b"} |= ip(1.2.3.4)
{a="b"} {c="d"}
({a="b"}) |= "x"
{a="b"} | foo
{a="b"} | foo "x"
{a="b"} | json="b"
{a="b"} | json "x"
{a="b"} | json a="b",
{a="b"} | json a="b" c="d"
{a="b"} | logfmt --foo
{a="b"} | logfmt "x"
{a="b"} | unpack x
{a="b"} | pattern
{a="b"} | regexp
{a="b"} | decolorize "x"
{a="b"} | line_format
{a="b"} | line_format x
{a="b"} | label_format
{a="b"} | label_format x=y z=w
{a="b"} | label_format x
{a="b"} | drop
{a="b"} | drop x y
{a="b"} | unwrap x
{a="b"} | unwrap
{a="b"} | x
{a="b"} | x > y
{a="b"} | x > "5"
{a="b"} | x == "y"
{a="b"} | 5 > x
{a="b"} | x=~5
{a="b"} | x=~ip("1.2.3.4")
{a="b"} | x>1h 30m
{a="b"} | x>30m1h
{a="b"} | x>.5h
{a="b"} | x>5k
{a="b"} | x>5kb
{a="b"} | x>5mb
{a="b"} | x>-5KB
{a="b"} | a.b="c"
{a="b"} | x="1" unless y="2"
{a="b"} | (x="1"
rate({a="b"})
rate({a="b"}[5])
rate({a="b"}[])
rate({a="b"}[5M])
rate({a="b"}[5m:1m])
rate({a="b"}[$__auto])
rate({a="b"}[5m]
rate({a="b"}[5m]))
rate(5m)
rate[5m]
rate{a="b"}[5m]
rate({a="b"}[5m], 5)
rate({a="b"} offset 5m [5m])
rate({a="b"}[5m] offset 5)
rate({a="b"}[5m] offset +5m)
rate({a="b"}[5m]) offset 5m
rate({a="b"} |= "y" [5m] |= "x")
rate(({a="b"})[5m] |= "x")
rate({a="b"} | unwrap x |= "z" [5m])
rate({a="b"} | unwrap x | json [5m])
rate({a="b"} | unwrap foo(x) [5m])
RATE({a="b"}[5m])
sum({a="b"})
sum
sum()
sum by x (rate({a="b"}[5m]))
sum by (x) rate({a="b"}[5m])
sum by (x) (rate({a="b"}[5m])) by (x)
sum by (x,) (rate({a="b"}[5m]))
sum by (,x) (rate({a="b"}[5m]))
sum by ("x") (rate({a="b"}[5m]))
sum by (json) (rate({a="b"}[5m]))
sum(rate({a="b"}[5m])) by x
topk(-5, rate({a="b"}[5m]))
topk("5", rate({a="b"}[5m]))
topk(rate({a="b"}[5m]), 5)
quantile_over_time(-0.95, {a="b"} | unwrap x [5m])
quantile_over_time by (x) (0.95, {a="b"} | unwrap x [5m])
count_values("x", rate({a="b"}[5m]))
histogram_quantile(0.95, sum(rate({a="b"} | json | unwrap x [5m])) by (le))
label_join(rate({a="b"}[5m]),"a","b","c","d")
label_replace(rate({a="b"}[5m]),"a","b","c")
label_replace({a="b"},"a","b","c","d")
rate({a="b"}[5m]) + on x rate({a="b"}[5m])
rate({a="b"}[5m]) > on(x) bool rate({a="b"}[5m])
rate({a="b"}[5m]) + group_left(y) (rate({a="b"}[5m]))
rate({a="b"}[5m]) xor rate({a="b"}[5m])
rate({a="b"}[5m]) +
+ rate({a="b"}[5m])
-rate({a="b"}[5m])
vector(-1)
vector()
vector(1,2)
vector(rate({a="b"}[5m]))
--1
1 1
()
(1
1)
1_000
5.5.5
1e
inf
foo
"x"
foo({a="b"}[5m])
"""

# What the grammar takes and we, as Loki, refuse: it knows no meaning of names, strings and numbers.
REFUSED_BY_MEANING = {
    '{a="b"} + {a="b"}': "an operator stands between numbers",
    '{a="b"} + 1': "an operator stands between numbers",
    '{a=~".*"}': "a selector must not match everything",
    '{a!="b"}': "a selector must not match everything",
    '{name !~ "mysql.+"}': "a selector must not match everything",
    '{a=~"("}': "no regular expression",
    r'{a="\q"}': "no escape of Go's strings",
    '{a="b"} |~ "("': "no regular expression",
    '{a="b"} |~ ip("1.2.3.4")': "ip() is compared by |= and !=",
    '{a="b"} |= ip("nowhere")': "no address",
    '{a="b"} | x=ip("1.2.3.4/99")': "no network",
    '{a="b"} | regexp "no names"': "a named group is wanted",
    '{a="b"} | regexp "(?P<x>a)(?P<x>b)"': "a name stands twice",
    '{a="b"} | regexp "(?P<x>a)(?=b)"': "RE2 has no look-around",
    '{a="b"} | pattern "no captures"': "a named capture is wanted",
    '{a="b"} | pattern "<x><y>"': "two captures side by side",
    '{a="b"} |> "<named>x"': "captures of a line filter have no names",
    '{a="b"} | json x="a..b"': "no path",
    '{a="b"} | line_format "{{.x"': "an action that is not closed",
    '{a="b"} | line_format "{{nofunction .x}}"': "an unknown function",
    '{a="b"} | line_format "{{if .x}}y"': "an if without end",
    '{a="b"} | label_format x=y,x="z"': "a label stands once in a label_format",
    'count_over_time({a="b"} | unwrap x [5m])': "counts lines, so it does not go with unwrap",
    'sum_over_time({a="b"}[5m])': "needs unwrap",
    'rate({a="b"}[0s])': "a range of nothing",
    'rate({a="b"}[-5m])': "a range of less than nothing",
    'rate({a="b"}[5m]) by (x)': "rate is not grouped",
    'rate(5, {a="b"}[5m])': "rate has no parameter",
    'quantile_over_time({a="b"} | unwrap x [5m])': "a quantile needs its fraction",
    'topk(rate({a="b"}[5m]))': "topk needs its number",
    'topk(1.5, rate({a="b"}[5m]))': "topk needs a whole number",
    'topk(0, rate({a="b"}[5m]))': "topk of none",
    'topk(1e999, rate({a="b"}[5m]))': "no number of series",
    'sum(5, rate({a="b"}[5m]))': "sum has no parameter",
    'sort(rate({a="b"}[5m])) by (x)': "sort is not grouped",
    'rate({a="b"}[5m]) + bool 5': "bool goes with a comparison",
    "1 and 1": "and, or and unless stand between vectors",
    'rate({a="b"}[5m]) and on(x) group_left() rate({a="b"}[5m])': "and takes no group_left",
    'label_replace(rate({a="b"}[5m]),"a-b","b","c","d")': "no name of a label",
    'label_replace(rate({a="b"}[5m]),"a","b","c","(")': "no regular expression",
    "sum(1)": "an aggregation of a number",
}

# What we take and the grammar does not; Loki's documentation has it.
TAKEN_BY_US = {
    '{a="b"} | x="1" y="2"': 'conditions with a space between them are joined by "and" (Log queries, Label filter expression)',
    'avg_over_time(({a="b"} | json | unwrap x)[5m])': "a whole pipeline in parentheses, as rate takes it without unwrap",
}


def listed(text: str) -> list[str]:
    """The queries of a block above."""
    return [line.replace("⏎", "\n") for line in text.split("\n") if line]
