/// Which version of maws this is. Programs, logs, checkpoints and reports say it from here.
public enum MawsVersion {
    public static let number = "0.9.0"
}
