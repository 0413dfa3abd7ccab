/// An error of what a field of a plan asks for.
struct FieldFault: Error, CustomStringConvertible {
    /// Path of the field, `data.train.shards` for instance.
    var field: String
    var cause: any Error

    var description: String { "\(cause)" }

    /// What `body` throws is a fault of the field, unless it is known to be one of another.
    static func at<Value>(_ field: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let known as FieldFault {
            throw known
        } catch {
            throw FieldFault(field: field, cause: error)
        }
    }
}
