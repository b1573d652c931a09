using Microsoft.Extensions.Logging;

namespace FedPlatform.Agent.Terminal;

/// <summary>Log lines on the error stream, above the status line: <c>12:34:56 warning: text</c>.</summary>
public sealed class ScreenLoggerProvider(Screen screen, TimeProvider time) : ILoggerProvider
{
    /// <summary>Information and above; with <paramref name="verbose"/> everything, libraries included.</summary>
    public static ILoggerFactory CreateFactory(Screen screen, TimeProvider time, bool verbose) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(verbose ? LogLevel.Debug : LogLevel.Information);
        if (!verbose) logging.AddFilter("Microsoft", LogLevel.Error).AddFilter("System", LogLevel.Error);
        logging.AddProvider(new ScreenLoggerProvider(screen, time));
    });

    public ILogger CreateLogger(string categoryName) => new Writer(screen, time);

    public void Dispose()
    {
    }

    private sealed class Writer(Screen screen, TimeProvider time) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            string level = logLevel switch
            {
                LogLevel.Critical or LogLevel.Error => "error: ",
                LogLevel.Warning => "warning: ",
                LogLevel.Debug or LogLevel.Trace => "debug: ",
                _ => "",
            };
            string text = $"{time.GetLocalNow():HH:mm:ss} {level}{formatter(state, exception)}";
            screen.Error(exception is null ? text : text + Environment.NewLine + exception);
        }
    }
}
