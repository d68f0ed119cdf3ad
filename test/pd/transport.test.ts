import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { anyOf } from '../../src/pd/any-of.ts';
import { pdOver } from '../../src/pd/pd-client.ts';
import { tidbStatus } from '../../src/pd/tidb-status.ts';
import { transportOver } from '../../src/pd/transport.ts';
import type { Transport, TransportAnswer } from '../../src/pd/transport.ts';
import { RunbookError } from '../../src/errors.ts';

describe('over a real connection', () => {
  let server: Server;
  let agent: Agent;
  let transport: Transport;
  let sent = 0;

  beforeEach(async () => {
    const regions = `{"count":1000000,"regions":[${'{"id":1},'.repeat(1_000_000)}{}]}`;
    server = createServer((incoming, response) => {
      if (incoming.url?.includes('regions')) return void response.end(regions, () => (sent = response.socket?.bytesWritten ?? 0));
      response.end('[]');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    agent = new Agent();
    transport = transportOver(agent, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'pd');
  });
  afterEach(async () => {
    await agent.destroy();
    server.closeAllConnections();
    server.close();
  });

  it('a count is read without the regions behind it', async () => {
    const pd = pdOver(transport);
    expect(await pd.regionCount('down-peer')).toBe(1_000_000);
    expect(sent).toBe(0);
    expect(await pd.health()).toEqual(new Map());
  });

  it('a server that hangs up is Unreachable', async () => {
    server.removeAllListeners('request');
    server.on('request', (_incoming, response) => response.destroy());
    await expect(pdOver(transport).health()).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('other side closed') });
  });
});

describe('several ways to one PD', () => {
  const asked: string[] = [];
  const way = (name: string, behave: () => TransportAnswer): Transport => ({
    name,
    async request(): Promise<TransportAnswer> {
      asked.push(name);
      return behave();
    },
  });
  const good = (): TransportAnswer => ({ status: 200, text: '[]' });
  const leaderless = (): TransportAnswer => ({ status: 503, text: 'no leader' });
  const dead = (): never => {
    throw new RunbookError('Unreachable', 'no connection');
  };
  const askOnce = (transport: Transport): Promise<TransportAnswer> => transport.request('GET', '/x', undefined, { timeoutMs: 1000 });
  beforeEach(() => void asked.splice(0));

  it('the next is tried when one is silent, and the last good one first from then on', async () => {
    const any = anyOf([way('a', dead), way('b', good), way('c', good)]);
    await askOnce(any);
    await askOnce(any);
    expect(asked).toEqual(['a', 'b', 'b']);
  });

  it('the next is tried when one has no leader', async () => {
    expect(await askOnce(anyOf([way('a', leaderless), way('b', good)]))).toEqual(good());
  });

  it('no leader anywhere is said so', async () => {
    await expect(pdOver(anyOf([way('a', leaderless), way('b', dead)])).health()).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('there is no PD leader now') });
  });

  it('an answer that is an error is an answer', async () => {
    const refusing = (): TransportAnswer => ({ status: 404, text: '' });
    expect(await askOnce(anyOf([way('a', refusing), way('b', good)]))).toEqual(refusing());
  });

  it('when all are silent every reason is named', async () => {
    await expect(pdOver(anyOf([way('a in west', dead), way('b in east', dead)])).health()).rejects.toMatchObject({
      type: 'Unreachable',
      message: 'PD (any of a in west, b in east) gave no answer to GET /pd/api/v1/health: a in west: no connection; b in east: no connection',
    });
  });

  it('no way at all is Unreachable', async () => {
    await expect(pdOver(anyOf([])).health()).rejects.toMatchObject({ type: 'Unreachable' });
  });

  it('the caller\'s end stops the search', async () => {
    const reason = new Error('cancelled');
    const any = anyOf([way('a', dead), way('b', good)]);
    await expect(any.request('GET', '/x', undefined, { timeoutMs: 1000, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(asked).toEqual(['a']);
  });
});

describe("TiDB's status port", () => {
  const answers: Record<string, string> = {
    '/status': '{"connections":3,"version":"8.0.11-TiDB-v8.5.4","git_hash":"x","status":{"init_stats_percentage":100}}',
    '/info': '{"is_owner":true,"version":"8.0.11-TiDB-v8.5.4","ddl_id":"d","server_id":9007199254740993}',
  };
  const tidb: Transport = { name: 'shop-tidb-0', request: async (_method, path) => ({ status: 200, text: answers[path] ?? '' }) };

  it('says version and DDL owner', async () => {
    expect(await tidbStatus(tidb)).toEqual({ version: '8.5.4', connections: 3, ddlOwner: true });
  });

  it('is Unreachable while the server starts', async () => {
    const starting: Transport = { ...tidb, request: async () => ({ status: 503, text: '' }) };
    await expect(tidbStatus(starting)).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('TiDB (shop-tidb-0) answered 503 to GET /status: it is starting or stopping') });
  });

  it('can be reached on port 10080, which fetch refuses', async () => {
    const agent = new Agent();
    const transport = transportOver(agent, 'http://127.0.0.1:10080', 'tidb');
    await expect(tidbStatus(transport)).rejects.toMatchObject({ message: expect.stringContaining('ECONNREFUSED') });
    await agent.close();
  });
});
