import json,glob,collections,statistics as st
d=collections.defaultdict(lambda: collections.defaultdict(list))
for f in glob.glob('/tmp/lab/wasm_table.[ABCD]'):
    for l in open(f):
        if l.startswith('{'):
            r=json.loads(l); d[(r['what'],r['dtype'],r['n'],r['np'],r['rt'])][r['k']].append(r)
for k in sorted(d):
    v=d[k]; m=min(len(v['auto']),len(v['never']))
    if not m: continue
    med=lambda key,mode: st.median(r[key] for r in v[mode][:m])
    rat=lambda key: st.median(b[key]/a[key] for a,b in zip(v['auto'],v['never']))
    print(*k, 'runs',m,'| cold ts %.1f wasm %.1f x%.2f | later ts %.1f wasm %.1f x%.2f | min ts %.1f wasm %.1f x%.2f'%(med('cold','never'),med('cold','auto'),rat('cold'),med('later','never'),med('later','auto'),rat('later'),med('min','never'),med('min','auto'),rat('min')))
