/**
 * The certificates of a database with TLS between its components: one authority for all TidbClusters, and per TidbCluster
 * the Secrets that the operator's documentation names, with the names of its cluster domain among the SANs.
 */
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { DeploymentMember } from './deployment.ts';
import { deployable } from './deployment.ts';
import { domainOf } from './tidb-cluster-manifest.ts';

x509.cryptoProvider.set(webcrypto);

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 86_400_000;
const validDays = 30;
const serialBytes = 16;
/** All components share one name: PD accepts one value of cert-allowed-cn. */
const subject = 'CN=TiDB';
/** Not the same as the leaves', or they would look self-signed. */
const authoritySubject = 'CN=TiDB CA';

export interface SecretBody {
  name: string;
  data: Record<'ca.crt' | 'tls.crt' | 'tls.key', string>;
}

export class ComponentAuthority {
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #certificate: x509.X509Certificate;

  private constructor(keys: webcrypto.CryptoKeyPair, certificate: x509.X509Certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
  }

  static async create(): Promise<ComponentAuthority> {
    const keys = await newKeys();
    const usages = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature;
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...fresh(), name: authoritySubject, keys,
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true), new x509.KeyUsagesExtension(usages, true)],
    });
    return new ComponentAuthority(keys, certificate);
  }

  /** All Secrets of one TidbCluster. */
  async secretsOf(member: DeploymentMember): Promise<SecretBody[]> {
    const present = deployable.filter((component) => member.replicas[component] !== undefined);
    const servers = present.map((component) => this.#secret(`${member.tidbCluster}-${component}-cluster-secret`, namesOf(member, component)));
    return Promise.all([...servers, this.#secret(`${member.tidbCluster}-cluster-client-secret`, [])]);
  }

  /** Without names it is a client's. */
  async #secret(name: string, names: string[]): Promise<SecretBody> {
    const keys = await newKeys();
    const usages = [x509.ExtendedKeyUsage.clientAuth, ...(names.length > 0 ? [x509.ExtendedKeyUsage.serverAuth] : [])];
    const alternatives: x509.JsonGeneralNames = [...names.map((value) => ({ type: 'dns' as const, value })), { type: 'ip', value: '127.0.0.1' }];
    const certificate = await x509.X509CertificateGenerator.create({
      ...fresh(), subject, issuer: this.#certificate.subject, publicKey: keys.publicKey, signingKey: this.#keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false), new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true), new x509.ExtendedKeyUsageExtension(usages),
        ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
      ],
    });
    const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
    const texts = { 'ca.crt': this.#certificate.toString('pem'), 'tls.crt': certificate.toString('pem'), 'tls.key': key };
    return { name, data: mapValues(texts, (text) => Buffer.from(text).toString('base64')) };
  }
}

/** Three forms of each service and of its pods, each with and without the domain. */
function namesOf(member: DeploymentMember, component: string): string[] {
  const { tidbCluster, namespace } = member;
  const own = `${tidbCluster}-${component}`;
  const services = component === 'pump' ? [`*.${own}`] : [own, `${own}-peer`, `*.${own}-peer`];
  const domain = member.certificateDomain ?? domainOf(member);
  return services.flatMap((service) => [service, `${service}.${namespace}`, `${service}.${namespace}.svc`, ...(domain ? [`${service}.${namespace}.svc.${domain}`] : [])]);
}

const mapValues = <Key extends string>(record: Record<Key, string>, change: (text: string) => string): Record<Key, string> =>
  Object.fromEntries(Object.entries<string>(record).map(([key, value]) => [key, change(value)])) as Record<Key, string>;

const newKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

function fresh(): { notBefore: Date; notAfter: Date; serialNumber: string; signingAlgorithm: typeof algorithm } {
  const now = Date.now();
  // A positive number of 128 bits.
  const serial = randomBytes(serialBytes);
  serial.writeUInt8(serial.readUInt8(0) & 0x7f, 0);
  return { notBefore: new Date(now - day), notAfter: new Date(now + validDays * day), serialNumber: serial.toString('hex'), signingAlgorithm: algorithm };
}
