using System.Runtime.InteropServices;
using FedPlatform.Contracts.Agents;
using FedPlatform.Datasets;
using FedPlatform.Learning.Federation;

namespace FedPlatform.Agent.Running;

/// <summary>What ended a run, in a sentence for people, with the trace for the log apart.</summary>
/// <param name="Kind"><see cref="RunEndKind.FailedForGood"/> or <see cref="RunEndKind.DiskFull"/>.</param>
public sealed record RunFailure(RunEndKind Kind, string Reason, string? Detail)
{
    // errno values of Linux and macOS, and the HRESULTs of Windows.
    private const int NoSpace = 28, QuotaLinux = 122, QuotaMac = 69, WindowsDiskFull = unchecked((int)0x80070070), WindowsHandleDiskFull = unchecked((int)0x80070027);

    private static readonly string[] s_memoryMarks = ["out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "std::bad_alloc"];

    public static RunFailure From(Exception error)
    {
        Exception cause = Unwrap(error);
        if (Chain(cause).OfType<IOException>().FirstOrDefault(IsDiskFull) is { } full)
        {
            return new RunFailure(RunEndKind.DiskFull, $"No room on the disk: {FirstLine(full.Message)} Nothing of the round in progress was committed; make room, then resume.", error.ToString());
        }

        if (cause is OutOfMemoryException || (cause is ExternalException && s_memoryMarks.Any(m => cause.Message.Contains(m, StringComparison.OrdinalIgnoreCase))))
        {
            return new RunFailure(RunEndKind.FailedForGood, "Out of memory. Use fewer workers, a smaller batch size or a smaller model; the last committed round is kept.", error.ToString());
        }

        return cause switch
        {
            RunFailedException failed => new RunFailure(RunEndKind.FailedForGood, failed.Message, failed.Detail ?? failed.InnerException?.ToString()),
            SpecProblemsException problems => new RunFailure(RunEndKind.FailedForGood, string.Join("; ", problems.Problems.Select(SpecProblemsException.Describe)), null),
            DatasetException data => new RunFailure(RunEndKind.FailedForGood, data.Message, data.InnerException?.ToString()),
            ExternalException native => new RunFailure(RunEndKind.FailedForGood, FirstLine(native.Message), error.ToString()),
            IOException or UnauthorizedAccessException => new RunFailure(RunEndKind.FailedForGood, $"A file could not be read or written: {FirstLine(cause.Message)}", error.ToString()),
            _ => new RunFailure(RunEndKind.FailedForGood, $"Unexpected error ({cause.GetType().Name}): {FirstLine(cause.Message)}", error.ToString()),
        };
    }

    /// <summary>The error inside the wrappers that threads and reflection put around it.</summary>
    public static Exception Unwrap(Exception error)
    {
        while (error is AggregateException or System.Reflection.TargetInvocationException or TypeInitializationException && error.InnerException is { } inner)
        {
            error = inner;
        }

        return error;
    }

    private static bool IsDiskFull(IOException error) =>
        error.HResult is WindowsDiskFull or WindowsHandleDiskFull
        || (OperatingSystem.IsLinux() && error.HResult is NoSpace or QuotaLinux)
        || (OperatingSystem.IsMacOS() && error.HResult is NoSpace or QuotaMac);

    private static IEnumerable<Exception> Chain(Exception error)
    {
        for (Exception? e = error; e is not null; e = e.InnerException) yield return e;
    }

    // libtorch's messages carry a native stack trace after the first line.
    private static string FirstLine(string text)
    {
        int end = text.AsSpan().IndexOfAny('\r', '\n');
        return (end < 0 ? text : text[..end]).Trim();
    }
}
