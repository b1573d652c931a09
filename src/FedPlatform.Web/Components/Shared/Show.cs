using System.Globalization;
using FedPlatform.Contracts.Runs;

namespace FedPlatform.Web.Components.Shared;

/// <summary>Numbers as every page writes them: percentages with one decimal, durations "2 h 10 m", an en dash for what is not known.</summary>
public static class Show
{
    public const string Nothing = "–";

    /// <summary>0.613 → "61.3 %".</summary>
    public static string Percent(double? fraction) => fraction is { } f ? string.Create(CultureInfo.InvariantCulture, $"{100 * f:0.0} %") : Nothing;

    /// <summary>0.613 → "61.3", for columns whose head carries the unit.</summary>
    public static string PercentNumber(double? fraction) => fraction is { } f ? (100 * f).ToString("0.0", CultureInfo.InvariantCulture) : Nothing;

    /// <summary>A difference of two fractions in points: 0.004 → "+0.4", −0.02 → "−2.0", less than half a tenth → "0.0".</summary>
    public static string Points(double? difference) => difference is { } d
        ? Math.Round(100 * d, 1) switch { < 0 => "−", > 0 => "+", _ => "" } + Math.Abs(Math.Round(100 * d, 1)).ToString("0.0", CultureInfo.InvariantCulture)
        : Nothing;

    /// <summary>The css class of a difference; none when it shows as 0.0.</summary>
    public static string? Tone(double? difference) => difference is { } d
        ? Math.Round(100 * d, 1) switch { < 0 => "bad-text", > 0 => "good-text", _ => null }
        : null;

    public static string Number(double? value, string format = "0.00") => value is { } v ? v.ToString(format, CultureInfo.InvariantCulture) : Nothing;

    /// <summary>14886 → "14,886".</summary>
    public static string Count(long? value) => value is { } v ? v.ToString("N0", CultureInfo.InvariantCulture) : Nothing;

    /// <summary>Without trailing zeros: 100, 0.5, 0.0003.</summary>
    public static string Plain(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);

    public static string Seconds(double? seconds) => seconds switch
    {
        null => Nothing,
        < 0.1 => string.Create(CultureInfo.InvariantCulture, $"{1000 * seconds:0} ms"),
        < 100 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s"),
        _ => Duration(TimeSpan.FromSeconds(seconds.Value)),
    };

    public static string Duration(TimeSpan? span) => span switch
    {
        null => Nothing,
        { TotalSeconds: < 0 } => "0 s",
        { TotalSeconds: < 60 } s => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(s.TotalSeconds):0} s"),
        { TotalMinutes: < 60 } s => string.Create(CultureInfo.InvariantCulture, $"{(int)s.TotalMinutes} m {s.Seconds} s"),
        { TotalHours: < 24 } s => string.Create(CultureInfo.InvariantCulture, $"{(int)s.TotalHours} h {s.Minutes} m"),
        { } s => string.Create(CultureInfo.InvariantCulture, $"{(int)s.TotalDays} d {s.Hours} h"),
    };

    public static string Bytes(long? bytes) => bytes switch
    {
        null => Nothing,
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
        < 1024L * 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024):0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024 * 1024):0.0} GiB"),
    };

    /// <summary>"3 minutes ago".</summary>
    public static string Relative(DateTimeOffset at, DateTimeOffset now)
    {
        TimeSpan ago = now - at;
        return ago switch
        {
            { TotalSeconds: < 10 } => "just now",
            { TotalSeconds: < 60 } => $"{(int)ago.TotalSeconds} s ago",
            { TotalMinutes: < 60 } => $"{(int)ago.TotalMinutes} min ago",
            { TotalHours: < 24 } => $"{(int)ago.TotalHours} h ago",
            { TotalDays: < 2 } => "yesterday",
            { TotalDays: < 30 } => $"{(int)ago.TotalDays} days ago",
            _ => at.UtcDateTime.ToString("d MMM yyyy", CultureInfo.InvariantCulture),
        };
    }

    public static string Absolute(DateTimeOffset at) => at.UtcDateTime.ToString("d MMM yyyy, HH:mm:ss", CultureInfo.InvariantCulture) + " UTC";

    public static string Algorithm(string key) => key switch
    {
        "fedavg" => "FedAvg",
        "fedloge" => "FedLoGe",
        _ => key,
    };

    public static string Dataset(string key) => key switch
    {
        "digits" => "Digits",
        "fashion-mnist" => "Fashion-MNIST",
        "cifar10" => "CIFAR-10",
        "cifar100" => "CIFAR-100",
        _ => key,
    };

    /// <summary>The data set's name as the field writes it, with -LT when it is long-tailed.</summary>
    public static string Dataset(string key, double imbalanceFactor) => imbalanceFactor > 1 ? Dataset(key) + "-LT" : Dataset(key);

    public static string Client(int id) => string.Create(CultureInfo.InvariantCulture, $"Client {id + 1}");

    /// <summary>The class of css that colours a state.</summary>
    public static string StateClass(RunState state) => state switch
    {
        RunState.Starting or RunState.Running => "running",
        RunState.Pausing or RunState.Paused => "paused",
        RunState.Finished => "finished",
        RunState.Failed => "failed",
        RunState.Lost => "lost",
        _ => "quiet",
    };
}
