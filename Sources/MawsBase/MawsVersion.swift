/// Which version of maws this is. Programs, logs, checkpoints and reports say it from here.
package enum MawsVersion {
    package static let number = "0.9.0"
}
