/**
 * Rows that SecantusDB 0.7.0b3 is known to answer otherwise than MongoDB documents, and what it does instead. They are
 * left out on that server only.
 */
export const WRONG_IN_SECANTUS: Readonly<Record<string, string>> = {
  '$elemMatch with $or': 'finds nothing',
  'operators and fields do not mix': 'ignores the field',
  'new fields are appended in the order of their names': 'appends them in the order of the update',
  'two arrays cannot be indexed together': 'indexes them',
  'two conditions on an array may be met by two elements, with an index': 'intersects them',
  'an index key needs a direction': 'takes 0',
  'an unknown field of a command is refused': 'ignores it',
  'an unknown field of an insert is refused': 'ignores it',
  'skip may not be negative': 'answers code 2',
  'a single batch leaves no cursor': 'ignores the batch size',
  'an _id may be a document or null, not an array': 'takes an array',
  'distinct goes through sub-documents': 'leaves them out',
  'null by an index does not match an empty array': 'finds it',
  'null behind an index needs a document without the field': 'finds empty arrays and plain elements as well',
  'a plain element has no fields behind its index': 'finds it',
  'an index with a leading zero is a name only': 'takes it for the index',
};
