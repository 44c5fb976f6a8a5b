/**
 * Rows that SecantusDB 0.7.0b3 is known to answer otherwise than MongoDB documents, and what it does instead. They are
 * left out on that server only.
 */
export const WRONG_IN_SECANTUS: Readonly<Record<string, string>> = {
  '$elemMatch with $or': 'finds nothing',
  'operators beside fields are refused': 'ignores the field',
  '$set appends new fields in the order of their names': 'appends them in the order of the update',
  'an index on two arrays of one document is refused': 'indexes them',
  'two conditions on an array may match different elements, with an index': 'intersects them',
  'an index key without a direction is refused': 'takes 0',
  'an unknown field of a command is refused': 'ignores it',
  'an unknown field of an insert is refused': 'ignores it',
  'a negative skip is refused': 'answers code 2',
  'a single batch opens no cursor': 'ignores the batch size',
  'an _id may be a document or null, but not an array': 'takes an array',
  'distinct follows a path through sub-documents': 'leaves them out',
  'null at an index does not match an empty array': 'finds it',
  'null after an index matches documents without the field': 'finds empty arrays and plain elements as well',
  'null after an index does not match a plain element': 'finds it',
  'a number with a leading zero is a field name only': 'takes it for the index',
};
