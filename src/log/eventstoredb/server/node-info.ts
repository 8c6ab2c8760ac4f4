import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';

/** Version the server names itself as: the line whose behaviour it follows, not a product. */
const PROTOCOL_VERSION = '24.10.0';
const STREAMS_SERVICE = 'event_store.client.streams.streams';
const PERSISTENT_SERVICE = 'event_store.client.persistent_subscriptions.persistentsubscriptions';
/**
 * Not served, and listed all the same: for what is not listed the Node clients turn to an HTTP interface,
 * which is not there either, and fail with a parser's error. Over gRPC they are told UNIMPLEMENTED.
 */
const GRPC_INSTEAD_OF_HTTP = ['list', 'getinfo', 'replayparked', 'restartsubsystem'];
const TICKS_PER_MS = 10_000n;

/** A cluster of one: this node, alive, the leader. */
export function clusterInfo(instanceId: string, host: string, port: number): gossip.ClusterInfo {
  const endPoint = new gossip.EndPoint();
  endPoint.setAddress(host);
  endPoint.setPort(port);
  const id = new shared.UUID();
  id.setString(instanceId);
  const member = new gossip.MemberInfo();
  member.setInstanceId(id);
  member.setTimeStamp((BigInt(Date.now()) * TICKS_PER_MS).toString());
  member.setState(gossip.MemberInfo.VNodeState.LEADER);
  member.setIsAlive(true);
  member.setHttpEndPoint(endPoint);
  const info = new gossip.ClusterInfo();
  info.setMembersList([member]);
  return info;
}

/**
 * The methods a client may rely on, lower-case as the real server lists them.
 *
 * @param batchAppend whether clients are told of `BatchAppend`; without it they use `Append`
 */
export function supportedMethods(batchAppend: boolean): features.SupportedMethods {
  const methods = new features.SupportedMethods();
  methods.setEventStoreServerVersion(PROTOCOL_VERSION);
  methods.addMethods(supported('read', ['position', 'events']));
  if (batchAppend) methods.addMethods(supported('batchappend', ['deadline_duration']));
  for (const name of GRPC_INSTEAD_OF_HTTP) {
    methods.addMethods(supported(name, ['stream', 'all'], PERSISTENT_SERVICE));
  }
  return methods;
}

function supported(name: string, list: string[], service = STREAMS_SERVICE) {
  const method = new features.SupportedMethod();
  method.setServiceName(service);
  method.setMethodName(name);
  method.setFeaturesList(list);
  return method;
}
