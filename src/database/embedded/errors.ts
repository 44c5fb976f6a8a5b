/** The error codes of MongoDB that this server uses (source: `error_codes.yml` of the MongoDB server). */
const CODE_NAMES = {
  1: 'InternalError',
  2: 'BadValue',
  9: 'FailedToParse',
  13: 'Unauthorized',
  14: 'TypeMismatch',
  15: 'Overflow',
  16: 'InvalidLength',
  20: 'IllegalOperation',
  26: 'NamespaceNotFound',
  27: 'IndexNotFound',
  28: 'PathNotViable',
  40: 'ConflictingUpdateOperators',
  43: 'CursorNotFound',
  50: 'MaxTimeMSExpired',
  52: 'DollarPrefixedFieldName',
  53: 'InvalidIdField',
  54: 'NotSingleValueField',
  56: 'EmptyFieldName',
  59: 'CommandNotFound',
  66: 'ImmutableField',
  67: 'CannotCreateIndex',
  72: 'InvalidOptions',
  73: 'InvalidNamespace',
  85: 'IndexOptionsConflict',
  86: 'IndexKeySpecsConflict',
  115: 'CommandNotSupported',
  123: 'NotAReplicaSet',
  171: 'CannotIndexParallelArrays',
  197: 'InvalidIndexSpecificationOption',
  10334: 'BSONObjectTooLarge',
  11000: 'DuplicateKey',
  14031: 'OutOfDiskSpace',
} as const;

/** An error for the client, with MongoDB's code. All other errors are bugs of this server. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly codeName: string;

  constructor(
    readonly code: number,
    message: string,
    /** Further fields of the reply: `keyPattern` and `keyValue` of a duplicate key. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.codeName = (CODE_NAMES as Readonly<Record<number, string>>)[code] ?? `Location${code}`;
  }
}

/** Returns the error for a feature of MongoDB that this server does not have. */
export function unsupported(what: string): CommandError {
  return new CommandError(115, `${what} is not supported by the embedded database`);
}

/** Names that MongoDB knows and this server does not support. Other unknown names get the error that MongoDB returns. */
const UNSUPPORTED = {
  'query operator':
    '$bitsAllClear $bitsAllSet $bitsAnyClear $bitsAnySet $comment $expr $geoIntersects $geoWithin $jsonSchema ' +
    '$maxDistance $minDistance $mod $near $nearSphere $options $regex $text $type $where $within',
  'update operator': '$bit $currentDate $mul $pop $pullAll $rename',
  modifier: '$position $slice $sort',
  stage:
    '$addFields $bucket $bucketAuto $changeStream $collStats $count $currentOp $densify $documents $facet $fill ' +
    '$geoNear $graphLookup $indexStats $listSessions $lookup $merge $out $planCacheStats $redact $replaceRoot ' +
    '$replaceWith $sample $search $set $setWindowFields $sortByCount $unionWith $unset $unwind',
  option:
    'allowPartialResults arrayFilters autoIndexId awaitData bypassDocumentValidation c capped ' +
    'changeStreamPreAndPostImages clusteredIndex collation commitQuorum encryptedFields expireAfterSeconds explain ' +
    'fields ignoreUnknownIndexOptions indexOptionDefaults let max min oplogReplay pipeline returnKey showRecordId ' +
    'size sort storageEngine tailable timeseries validationAction validationLevel validator viewOn',
  'index option':
    '2dsphereIndexVersion bits clustered collation default_language expireAfterSeconds hidden language_override max ' +
    'min prepareUnique storageEngine textIndexVersion weights wildcardProjection',
} as const;

/** Refuses a name that this server does not know. `unknown` is the error for names that MongoDB does not know either. */
export function refuse(kind: keyof typeof UNSUPPORTED, name: string, unknown: CommandError): never {
  throw UNSUPPORTED[kind].split(' ').includes(name) ? unsupported(`the ${kind} ${name}`) : unknown;
}
