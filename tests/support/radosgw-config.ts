import path from 'node:path';

export interface CephLayout {
  readonly directory: string;
  readonly clusterId: string;
  readonly monitorPort: number;
  readonly s3Port: number;
}

/**
 * The smallest Ceph cluster with S3: one monitor, one OSD with everything in memory, one radosgw. Replicas, health checks
 * and background work are turned off. https://docs.ceph.com/en/pacific/rados/configuration/
 */
export function cephConfig({ directory, clusterId, monitorPort, s3Port }: CephLayout): string {
  const inside = (name: string): string => path.join(directory, name);
  return `[global]
fsid = ${clusterId}
mon host = v2:127.0.0.1:${monitorPort}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = ${inside('keyring')}
run dir = ${directory}
admin socket = ${inside('$name.asok')}
log file = ${inside('$name.log')}
ms bind msgr1 = false
ms bind msgr2 = true
mon data = ${inside('mon')}
mon data avail crit = 1
mon data avail warn = 2
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 4000
osd data = ${inside('osd')}
osd objectstore = memstore
memstore device bytes = 4294967296
osd class load list = *
osd class default list = *
osd heartbeat grace = 60
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
[mon]
keyring = ${inside('mon/keyring')}
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${s3Port}
rgw data = ${inside('rgw')}
rgw dns name = localhost
rgw thread pool size = 16
rgw override bucket index max shards = 1
rgw enable usage log = false
rgw gc obj min wait = 1
rgw gc processor period = 1
rgw gc processor max time = 1
rgw enable lc threads = false
rgw enable quota threads = false
`;
}
